import { expect } from 'chai';
import fc from 'fast-check';
import { Refusal } from '../../../../src/model/refusal.ts';
import { lexCommand } from '../../../../src/renderers/radiance/command.ts';
import {
  inputName,
  isInside,
  oddity,
  outputName,
  shellCharacters,
  shown,
} from '../../../../src/renderers/radiance/words.ts';

const project = '/projects/room';
const output = (name: string): string => outputName('room.rif: OCTREE', name, project);

describe('names of files that are written', () => {
  it('are relative to the project, without . and empty parts', () => {
    expect(output('octrees/room.oct')).to.equal('octrees/room.oct');
    expect(output('./octrees//room.oct')).to.equal('octrees/room.oct');
    expect(output('Räume/süd.oct')).to.equal('Räume/süd.oct');
  });

  it('become relative where they are absolute and below the project', () => {
    expect(output('/projects/room/octrees/room.oct')).to.equal('octrees/room.oct');
    expect(() => output('/projects/room2/x.oct')).to.throw(Refusal, 'lies outside the project');
    expect(() => output('/projects/room')).to.throw(Refusal, 'lies outside the project');
    expect(() => output('/etc/x')).to.throw(Refusal, 'room.rif: OCTREE is "/etc/x": that lies outside the project.');
  });

  const refused: [string, string][] = [
    ['../x', '".." is not allowed'],
    ['images/../../x', '".." is not allowed'],
    ['/projects/room/../x', '".." is not allowed'],
    ['', 'is empty'],
    ['.', 'that is a directory'],
    ['images/', 'that is a directory'],
    ['|cat', 'must not begin with "|"'],
    ['-o', 'must not begin with "-"'],
    ['~root/x', 'must not begin with "~"'],
    ['@x', 'must not begin with "@"'],
    ['!touch', 'must not begin with "!"'],
    ['my pic', 'contains a blank'],
    ['a\tb', 'contains a control character'],
    ['a\nb', 'contains a control character'],
    ['a\u007fb', 'contains a control character'],
    ['a"b', 'contains a quotation mark'],
    ["a'b", 'contains a quotation mark'],
    ['a\u200bb', 'contains an invisible character'],
    ['a\u00a0b', 'contains a blank'],
    ['a\ufffdb', 'contains a character that is not UTF-8'],
    ['a;b', 'contains ";"'],
    ['$HOME', 'contains "$"'],
    ['`id`', 'contains "`"'],
  ];
  for (const [name, says] of refused) {
    it(`refuse ${JSON.stringify(name)}: ${says}`, () => {
      expect(() => output(name)).to.throw(Refusal, says);
    });
  }

  it('never leave the project, whatever they are', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', '/', 'a', 'room', 'projects', '-', '~'), fc.string());
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        let name: string;
        try {
          name = output(parts.join('/'));
        } catch (error) {
          return error instanceof Refusal;
        }
        return !name.startsWith('/') && name.split('/').every((each) => each !== '' && each !== '.' && each !== '..');
      }),
    );
  });
});

describe('names of files that are read', () => {
  it('may lie in a library', () => {
    expect(inputName('x', '/usr/share/radiance/sky.rad', project)).to.equal('/usr/share/radiance/sky.rad');
    expect(inputName('x', '../common/materials.rad', project)).to.equal('../common/materials.rad');
    expect(isInside('../common/materials.rad')).to.be.false;
    expect(isInside('/usr/x.rad')).to.be.false;
  });

  it('are relative where they lie in the project', () => {
    expect(inputName('x', '/projects/room/scene/a.rad', project)).to.equal('scene/a.rad');
    expect(inputName('x', './scene//a.rad', project)).to.equal('scene/a.rad');
    expect(isInside('scene/a.rad')).to.be.true;
  });

  it('are never standard input or an option', () => {
    expect(() => inputName('x', '-', project)).to.throw(Refusal, 'must not begin with "-"');
  });
});

describe('a word', () => {
  it('is plain as options and numbers are', () => {
    for (const word of ['-vp', '1e-4', '+1', '/2', 'a_b-c.d', '50%', 'x=y', 'größe', 'a,b:c', '^'])
      expect(oddity(word)).to.be.null;
  });

  it('is shown with its control characters written out, and cut', () => {
    expect(shown('a\nb\u0007')).to.equal('"a\\nb\\u{7}"');
    expect(shown('x'.repeat(100))).to.have.lengthOf(82);
  });
});

describe('the lexer', () => {
  it('never lets a shell character, a quotation mark or a control character through', () => {
    const bad = new RegExp(`[${shellCharacters.replace(/[\\\]]/g, '\\$&')}\\u0000-\\u0020\\u007f]`);
    const piece = fc.oneof(
      fc.constantFrom('oconv', 'mkillum', '>', '"<"', ' ', '  ', '@x', '-o', ';', '|', '$(id)', '\t'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          const { words, output: file } = lexCommand(pieces.join(''));
          const isMkillum = words[0] === 'mkillum';
          return [...words, file ?? 'x'].every((word) => (isMkillum && word === '<') || !bad.test(word));
        } catch (error) {
          return error instanceof Refusal && error.code === 'plan-refused';
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes words, one output, and the quoted < of mkillum', () => {
    expect(lexCommand('mkillum -ab 1 a0.oct "<" a.rad b.rad > il123')).to.deep.equal({
      words: ['mkillum', '-ab', '1', 'a0.oct', '<', 'a.rad', 'b.rad'],
      output: 'il123',
    });
    expect(lexCommand('rm -f a')).to.deep.equal({ words: ['rm', '-f', 'a'], output: null });
  });

  for (const line of [
    'rpict a.oct > my pic_inside.unf',
    'oconv a.rad > x > y',
    'oconv a.rad >',
    '> x',
    'oconv a.rad >> x',
    'oconv a.rad >x',
    'oconv a.rad | cat > x',
    'oconv a.rad > |cat',
    'oconv -w; rm a',
    'oconv "!cat /etc/passwd" > x',
    'rpict "<" a.oct > x',
    'oconv $(id) > x',
    'oconv a.rad 2>x',
    'oconv a.rad & > x',
    ' ',
  ]) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      expect(() => lexCommand(line)).to.throw(Refusal, 'is refused');
    });
  }
});
