import { expect } from 'chai';
import fc from 'fast-check';
import { CalledWrongly } from '../../../src/client/errors.ts';
import { quoteWord, splitWords } from '../../../src/client/words.ts';

describe('a command in a variable', () => {
  const cases: [string, string[]][] = [
    ['ssh', ['ssh']],
    ['  ssh  -v\t-i key ', ['ssh', '-v', '-i', 'key']],
    ['ssh -i "my key"', ['ssh', '-i', 'my key']],
    ["ssh -o 'ProxyCommand=nc %h %p'", ['ssh', '-o', 'ProxyCommand=nc %h %p']],
    ['my\\ ssh "a\\"b" \'c\\d\'', ['my ssh', 'a"b', 'c\\d']],
    ['ssh -o"User"=\'ann\'', ['ssh', '-oUser=ann']],
    ['ssh ""', ['ssh', '']],
    ['ssh $HOME `id` ; | > &', ['ssh', '$HOME', '`id`', ';', '|', '>', '&']],
  ];
  for (const [text, words] of cases) {
    it(`is split into words: ${text}`, () => {
      expect(splitWords(text, 'RAYSERVER_SSH')).to.deep.equal(words);
    });
  }

  for (const text of ['', '   ', 'ssh "open', "ssh 'open", 'ssh \\', '""']) {
    it(`is refused: ${JSON.stringify(text)}`, () => {
      expect(() => splitWords(text, 'RAYSERVER_SSH')).to.throw(CalledWrongly, /^RAYSERVER_SSH /);
    });
  }

  it('comes back as it was from words quoted for a shell', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const all = ['ssh', ...words];
        expect(splitWords(all.map(quoteWord).join(' '), 'X')).to.deep.equal(all);
      }),
    );
  });
});
