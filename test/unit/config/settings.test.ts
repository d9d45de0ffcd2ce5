import { expect } from 'chai';
import fc from 'fast-check';
import { ConfigError } from '../../../src/config/error.ts';
import { defaultSettings, readSettings, settingsTable } from '../../../src/config/settings.ts';
import { isOfType } from '../../../src/config/table.ts';

const read = (text: string) => readSettings(text, '/h/rayserver.yaml');

function fault(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return 'it was read';
}

describe('settings', () => {
  it('are the documented ones where nothing is set', () => {
    const expected = {
      port: 9182,
      listen: '127.0.0.1',
      radiance: null,
      slots: null,
      plan: { seconds: 60 },
      log: { bytes: 2097152 },
      retries: 2,
      limits: { seconds: null, progress: null, processes: 512 },
      jobs: { keep: null, days: null },
      report: { seconds: 1 },
    };
    for (const text of ['', '# nothing\n', '---\n', 'null\n', '{}', 'plan:\n', '\ufeff']) {
      expect(read(text), JSON.stringify(text)).to.deep.equal(expected);
    }
    expect(defaultSettings()).to.deep.equal(expected);
  });
  it('are read in both ways of writing a dotted key', () => {
    expect(read('plan: {seconds: 30}\nlog:\n  bytes: 8192\n')).to.deep.include({
      plan: { seconds: 30 },
      log: { bytes: 8192 },
    });
    expect(read('plan.seconds: 0.5\nport: 80\nlisten: "::1"\nradiance: /opt/radiance\nslots: 3')).to.deep.include({
      plan: { seconds: 0.5 },
      port: 80,
      listen: '::1',
      radiance: '/opt/radiance',
      slots: 3,
    });
  });
  it('may be null where that has a meaning', () => {
    expect(read('slots: null\nradiance: ~\n')).to.deep.include({ slots: null, radiance: null });
    expect(read('slots:\n')).to.deep.include({ slots: null });
  });
  it('are read from files with the line ends of Windows', () => {
    expect(read('port: 81\r\nslots: 2\r\n')).to.deep.include({ port: 81, slots: 2 });
  });
  it('have defaults of their own type', () => {
    for (const [key, { type, default: usual, orNull }] of Object.entries(settingsTable)) {
      expect((orNull && usual === null) || isOfType(type, usual), key).to.equal(true);
    }
  });
  it('have each a sentence', () => {
    for (const { sentence } of Object.values(settingsTable)) expect(sentence).to.match(/^[A-Z][^\n]+\.$/);
  });

  const known = Object.keys(settingsTable).join(', ');
  const port = 'expected a whole number from 1 to 65535 for "port", not';
  const cases: [what: string, text: string, message: string][] = [
    ['an unknown key', 'port: 1\nprot: 1', `2: unknown setting "prot"; expected one of ${known}.`],
    [
      'an unknown key below a known one',
      'plan:\n  minutes: 1',
      `2: unknown setting "plan.minutes"; expected one of ${known}.`,
    ],
    ['__proto__', '__proto__: {port: 1}', `1: unknown setting "__proto__"; expected one of ${known}.`],
    ['a merge key', '<<: {port: 1}', `1: unknown setting "<<"; expected one of ${known}.`],
    ['a text for a number', 'port: "1"', `1: ${port} "1".`],
    ['a fraction for a whole number', '\nport: 1.5', `2: ${port} 1.5.`],
    ['no value', 'port:', `1: ${port} null.`],
    ['a list', 'port: [1]', `1: ${port} a list or mapping.`],
    ['a mapping where a value belongs', 'port:\n  tcp: 1', `2: ${port} a list or mapping.`],
    ['a value where a mapping belongs', 'plan: 60', '1: expected settings below "plan".'],
    ['too large a number', 'port: 65536', `1: ${port} 65536.`],
    ['too small a number', 'port: 0', `1: ${port} 0.`],
    ['no number', 'plan.seconds: .nan', '1: expected a number from 0.1 to 86400 for "plan.seconds", not NaN.'],
    [
      'an endless number',
      'log.bytes: .inf',
      '1: expected a whole number from 4096 to 1073741824 for "log.bytes", not Infinity.',
    ],
    [
      'a host name to listen on',
      'listen: example.org',
      '1: expected an IP address or localhost for "listen", not "example.org".',
    ],
    ['a number to listen on', 'listen: 1', '1: expected an IP address or localhost for "listen", not 1.'],
    [
      'a relative directory',
      'radiance: opt',
      '1: expected the absolute path of a directory, or null for "radiance", not "opt".',
    ],
    ['slots out of range', 'slots: 1025', '1: expected a whole number from 1 to 1024, or null for "slots", not 1025.'],
    ['a key twice', 'port: 1\nport: 1', '2: a setting is written a second time.'],
    ['a key in both ways of writing', 'plan: {seconds: 1}\nplan.seconds: 1', '2: "plan.seconds" is set a second time.'],
    ['an alias', 'port: &p 1\nslots: *p', '2: expected a value for "slots", not an alias.'],
    ['a list of settings', '- port: 1', '1: expected settings, each written "key: value".'],
    ['a lone word', '\n\nport', '3: expected settings, each written "key: value".'],
    ['a key that is a mapping', '? {port: 1}\n: 2', '1: expected the name of a setting.'],
    ['a second document', 'port: 1\n---\nslots: 2', '2: expected one document, not a second one after "---".'],
    ['an open bracket', 'port: 1\nslots: [', '2: expected YAML: '],
    ['a tab', 'plan:\n\tseconds: 1', '2: expected YAML: '],
    ['an unknown tag', 'port: !secret 1', '1: expected YAML: '],
    ['brackets without end', '['.repeat(1200), '1: expected settings, not brackets nested this deep.'],
    ['control characters', 'port: "\\e[2J"', `1: ${port} "\\u001b[2J".`],
  ];
  for (const [what, text, message] of cases) {
    it(`are refused with file, line and what was expected: ${what}`, () => {
      const seen = fault(text);
      expect(seen.slice(0, '/h/rayserver.yaml:'.length + message.length)).to.equal(`/h/rayserver.yaml:${message}`);
      expect(seen).to.not.include('\n');
    });
  }
  it('are read or refused in a sentence, whatever the text', () => {
    const piece = fc.constantFrom(
      'port',
      'plan',
      'seconds',
      ':',
      ' ',
      '\n',
      '  ',
      '-',
      '{',
      '}',
      '[',
      ']',
      '"',
      '1',
      '*a',
      '&a',
      '#',
      '!',
      '|',
      '%',
      '.',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (damaged) => {
        expect(fault(damaged)).to.match(/^(it was read$|\/h\/rayserver\.yaml:\d+: )/);
      }),
      { numRuns: 500 },
    );
  });
});
