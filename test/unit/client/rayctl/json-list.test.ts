import { expect } from 'chai';
import { JsonList } from '../../../../src/client/rayctl/json-list.ts';
import type { Session } from '../../../../src/client/rayctl/session.ts';

function printed(head: object, pages: unknown[][], tail: object): string {
  let text = '';
  const world = { stdout: { write: (part: string) => (text += part) } };
  const session = { world, print: (line: string) => (text += `${line}\n`) } as unknown as Session;
  const list = new JsonList(session, head, 'list');
  for (const page of pages) list.add(page);
  list.end(tail);
  return text;
}

describe('a long list in JSON', () => {
  it('is one object, an element a line, whatever surrounds it', () => {
    for (const head of [{}, { a: 1 }]) {
      for (const pages of [[], [[]], [[1, { b: 2 }]], [[1], [], [2]]]) {
        for (const tail of [{}, { next: null }]) {
          const text = printed(head, pages, tail);
          expect(JSON.parse(text)).to.deep.equal({ ...head, list: pages.flat(), ...tail });
          expect(text.endsWith('}\n')).to.equal(true);
        }
      }
    }
    expect(printed({}, [[{ a: 1 }], [{ a: 2 }]], {})).to.equal('{"list":[\n{"a":1},\n{"a":2}\n]}\n');
  });
});
