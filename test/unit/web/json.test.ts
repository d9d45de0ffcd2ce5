import { expect } from 'chai';
import fc from 'fast-check';
import { BodyError, nesting, parseJson } from '../../../src/web/json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseJson(bytes(text), 8);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('JSON from outside', () => {
  it('is measured as deep as it is nested, whatever its texts hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2), (value, indent) => {
        expect(nesting(bytes(JSON.stringify(value, null, indent)), 100)).to.equal(depthOf(value));
      }),
    );
  });

  it('is the same value that JSON says, unless a key reaches a prototype', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/"(__proto__|constructor|prototype)":/.test(text));
        expect(parseJson(bytes(text), 100)).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  it('is not looked at beyond the limit: a million brackets cost nothing', () => {
    expect(nesting(bytes('['.repeat(1_000_000)), 8)).to.equal(9);
  });

  it('counts no brackets in texts, behind quotes and backslashes', () => {
    expect(nesting(bytes(String.raw`{"a\"[[[[":"\\","b":"{{{{"}`), 8)).to.equal(1);
    expect(nesting(bytes('"never closed [[[['), 8)).to.equal(0);
  });

  it('may be 8 deep and not 9', () => {
    expect(parse(`${'['.repeat(8)}${']'.repeat(8)}`)).to.be.an('array');
    expect(() => parse(`${'['.repeat(9)}${']'.repeat(9)}`)).to.throw(BodyError, 'nested more than 8 deep');
  });

  for (const text of [
    '',
    ' \n',
    '{',
    '{"a":1}}',
    '{a:1}',
    "{'a':1}",
    '{"a":1,}',
    '[1,]',
    'nul',
    '01',
    '+1',
    'NaN',
    '\u{feff}{}',
    '"\n"',
    '{"a":"\\x"}',
    '// x\n{}',
  ])
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parse(text)).to.throw(BodyError);
    });

  for (const [what, raw] of [
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut character', [0x22, 0xe2, 0x82, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
    ['Latin-1', [0x22, 0xfc, 0x22]],
  ] as const)
    it(`refuses ${what}: not UTF-8`, () => {
      expect(() => parseJson(Uint8Array.from(raw), 8)).to.throw(BodyError, 'UTF-8');
    });

  for (const text of [
    '{"__proto__":{}}',
    '{"a":[{"__proto__":1}]}',
    '{"constructor":1}',
    '{"\\u005f_proto__":1}',
    '{"prototype":1}',
  ])
    it(`refuses the key in ${text}`, () => {
      expect(() => parse(text)).to.throw(BodyError, 'is not allowed');
      expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
    });
});
