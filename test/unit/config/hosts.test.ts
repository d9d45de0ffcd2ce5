import { expect } from 'chai';
import fc from 'fast-check';
import { ConfigError } from '../../../src/config/error.ts';
import { findRecord, readHosts } from '../../../src/config/hosts.ts';

/** Reads `/c/hosts` out of these files, given by name. */
function hosts(files: Readonly<Record<string, string>> | string) {
  const all: Readonly<Record<string, string>> = typeof files === 'string' ? { '/c/hosts': files } : files;
  return readHosts('/c/hosts', (path) => {
    const text = all[path];
    if (text === undefined) throw new ConfigError(path, null, 'cannot be read: no such file.');
    return text;
  });
}

function fault(files: Readonly<Record<string, string>> | string): string {
  try {
    hosts(files);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return 'it was read';
}

const locations = (text: string) =>
  Object.fromEntries(hosts(text).hosts[0]?.locations.map(({ name, path }) => [name, path]) ?? []);

describe('a hosts file', () => {
  it('has a record for each host: name, processors, locations', () => {
    const { hosts: records } = hosts('sun 8 proj="/export/proj" old=/export/old\nmoon.example.org 0\n');
    expect(records).to.deep.equal([
      {
        name: 'sun',
        cpus: 8,
        locations: [
          { name: 'proj', path: '/export/proj' },
          { name: 'old', path: '/export/old' },
        ],
        file: '/c/hosts',
        line: 1,
      },
      { name: 'moon.example.org', cpus: 0, locations: [], file: '/c/hosts', line: 2 },
    ]);
  });
  it('may be empty, or all comments', () => {
    for (const text of ['', '\n\n', '# none\n  # yet\n', '\ufeff']) expect(hosts(text).hosts).to.deep.equal([]);
  });
  it('continues a record on lines that begin with a blank', () => {
    expect(locations('sun\n\t8\n  a=/a\n# between\n\n b=/b # behind\n')).to.deep.equal({ a: '/a', b: '/b' });
  });
  it('keeps blanks, equal signs and number signs in quotes of either kind', () => {
    expect(locations(`sun 1 a="/my projects/#1=x" b='/it is "so"' "c=/whole word"`)).to.deep.equal({
      a: '/my projects/#1=x',
      b: '/it is "so"',
      c: '/whole word',
    });
  });
  it('takes # within a word as part of it', () => {
    expect(locations('sun 1 a=/a#b #c=/d')).to.deep.equal({ a: '/a#b' });
  });
  it('keeps the paths of Windows hosts as they are', () => {
    expect(locations('pc 0 a="P:\\proj" b=\\\\sun\\proj c="q:/x y/"')).to.deep.equal({
      a: 'P:\\proj',
      b: '\\\\sun\\proj',
      c: 'q:/x y/',
    });
  });
  it('tidies the paths of Unix hosts', () => {
    expect(locations('sun 1 a=/export//proj/./ b=/')).to.deep.equal({ a: '/export/proj', b: '/' });
  });
  it('is read with the line ends of Windows', () => {
    expect(locations('sun 1 a=/a\r\n b=/b\r\n')).to.deep.equal({ a: '/a', b: '/b' });
  });
  it('keeps libraries, which are paths below a location', () => {
    expect(hosts('__library__ lib/materials\n__library__ "my lib"\n').libraries).to.deep.equal([
      'lib/materials',
      'my lib',
    ]);
  });
  it('lets the later record of a host replace the earlier, with a warning', () => {
    const read = hosts('sun 8 a=/a\nmoon 1\nSun 2\n');
    expect(read.hosts.map(({ name, cpus }) => `${name} ${cpus}`)).to.deep.equal(['Sun 2', 'moon 1']);
    expect(read.warnings).to.deep.equal(['/c/hosts:3: host "Sun" again; this record replaces the one at /c/hosts:1.']);
  });

  describe('that includes another', () => {
    it('reads it in its place, relative to the including file', () => {
      const read = hosts({
        '/c/hosts': 'sun 1\n__include__ sub/more\nmoon 3',
        '/c/sub/more': 'moon 2\n__include__ "../last one"',
        '/c/last one': '__include__ /etc/hosts.ray',
        '/etc/hosts.ray': 'venus 1',
      });
      expect(read.hosts.map(({ name, cpus, file }) => `${name} ${cpus} ${file}`)).to.deep.equal([
        'sun 1 /c/hosts',
        'moon 3 /c/hosts',
        'venus 1 /etc/hosts.ray',
      ]);
      expect(read.files).to.deep.equal(['/c/hosts', '/c/sub/more', '/c/last one', '/etc/hosts.ray']);
      expect(read.warnings).to.have.length(1);
    });
    it('may name the same file twice', () => {
      expect(hosts({ '/c/hosts': '__include__ a\n__include__ a', '/c/a': 'sun 1' }).hosts).to.have.length(1);
    });
    it('goes eight files deep and no deeper', () => {
      const chain = (deep: number) => {
        const files: Record<string, string> = { '/c/hosts': '__include__ 1' };
        for (let level = 1; level <= deep; level += 1) {
          files[`/c/${level}`] = level < deep ? `__include__ ${level + 1}` : 'sun 1';
        }
        return files;
      };
      expect(hosts(chain(8)).hosts).to.have.length(1);
      expect(fault(chain(9))).to.equal('/c/8:1: expected includes at most 8 deep.');
    });
    it('is refused when it leads back to itself', () => {
      expect(fault('\n__include__ ../c/hosts')).to.equal(
        '/c/hosts:2: expected no loop, but "/c/hosts" includes itself.',
      );
      expect(fault({ '/c/hosts': '__include__ a', '/c/a': 'sun 1\n__include__ hosts' })).to.equal(
        '/c/a:2: expected no loop, but "/c/hosts" includes itself.',
      );
    });
    it('is refused when it would include without end', () => {
      const files: Record<string, string> = { '/c/hosts': '__include__ 1\n'.repeat(9) };
      for (let level = 1; level < 8; level += 1) files[`/c/${level}`] = `__include__ ${level + 1}\n`.repeat(9);
      files['/c/8'] = '';
      expect(fault(files)).to.match(/: expected at most 256 included files\.$/);
    });
    it('says where a file is named that cannot be read', () => {
      expect(fault('sun 1\n__include__ none')).to.equal(
        '/c/hosts:2: cannot include "/c/none": cannot be read: no such file.',
      );
    });
    it('says where the mistake is in the included file', () => {
      expect(fault({ '/c/hosts': '__include__ a', '/c/a': '\nsun' })).to.match(/^\/c\/a:2: expected a number/);
    });
  });

  const cases: [what: string, text: string, message: string][] = [
    ['no processors', 'sun', '1: expected a number of processors from 0 to 1024 after "sun".'],
    [
      'a word for processors',
      'sun\n many',
      '2: expected a number of processors from 0 to 1024 after "sun", not "many".',
    ],
    ['too many processors', 'sun 1025', '1: expected a number of processors from 0 to 1024 after "sun", not "1025".'],
    ['a negative number', 'sun -1', '1: expected a number of processors from 0 to 1024 after "sun", not "-1".'],
    ['a continued line first', '  sun 1', '1: expected a host name at the beginning of the line.'],
    ['a bad host name', 'su/n 1', '1: expected a host name, not "su/n".'],
    ['an unknown directive', '__libary__ x', '1: expected a host name, not "__libary__".'],
    ['an open quote', 'sun 1\nmoon 1 a="/a\n', '2: expected a closing " on the same line.'],
    ['an open single quote', "sun 1 a='/a", "1: expected a closing ' on the same line."],
    ['a word that is no location', 'sun 1\n proj', '2: expected location="local path", not "proj".'],
    ['a location without a name', 'sun 1 =/a', '1: expected location="local path", not "=/a".'],
    ['a location with a slash', 'sun 1 a/b=/a', '1: expected location="local path", not "a/b=/a".'],
    ['blanks without quotes', 'sun 1 a=/my projects', '1: expected location="local path", not "projects".'],
    ['a relative path', 'sun 1 a=export', '1: expected an absolute path for location "a", not "export".'],
    ['no path', 'sun 1 a=', '1: expected an absolute path for location "a", not "".'],
    ['a path upwards', 'sun 1 a=/a/../b', '1: expected a path without ".." for location "a".'],
    ['a Windows path upwards', 'sun 1 a=P:\\..\\b', '1: expected a path without ".." for location "a".'],
    ['a location twice', 'sun 1 a=/a\n a=/b', '2: location "a" is given a second time for this host.'],
    ['an include of nothing', '__include__', '1: expected the path of a hosts file after __include__.'],
    [
      'an include of two',
      '__include__ a b',
      '1: expected the path of a hosts file only, not "b"; a path with blanks needs quotes.',
    ],
    ['an absolute library', '__library__ /lib', '1: expected the relative path of a library, not "/lib".'],
    ['a library upwards', '__library__ a/../..', '1: expected the relative path of a library, not "a/../..".'],
    ['control characters', 'sun 1\nsun\u0000 1', '2: expected text, not control characters.'],
  ];
  for (const [what, text, message] of cases) {
    it(`is refused with file, line and what was expected: ${what}`, () => {
      expect(fault(text)).to.equal(`/c/hosts:${message}`);
    });
  }

  it('is read or refused in a sentence, whatever the text', () => {
    const piece = fc.constantFrom(
      'sun',
      '8',
      ' ',
      '\t',
      '\n',
      '=',
      '"',
      "'",
      '#',
      '/',
      '\\',
      '__include__',
      '__library__',
      'a',
      '..',
      '\r\n',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (damaged) => {
        expect(fault(damaged)).to.match(/^(it was read$|\/c\/hosts:\d+: )/);
      }),
      { numRuns: 300 },
    );
  });
  it('gives back every path that is written in quotes', () => {
    const part = fc.stringMatching(/^[^"/\u0000-\u001f\u007f]+$/).filter((name) => name !== '.' && name !== '..');
    const path = fc.array(
      part.filter((name) => !name.split('\\').includes('..')),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(path, (parts) => {
        const written = `/${parts.join('/')}`;
        expect(locations(`sun 1 a="${written}"`)).to.deep.equal({ a: written });
      }),
    );
  });
});

describe("a host's own record", () => {
  const file = hosts('sun 1\nMoon 2\nmoon.lab.example 3\nvenus.lab.example 4');
  const cpus = (...names: string[]) => findRecord(file, names)?.cpus ?? null;

  it('is found by the short name and by the full one, in any case', () => {
    expect(cpus('SUN')).to.equal(1);
    expect(cpus('sun.lab.example')).to.equal(1);
    expect(cpus('venus', 'Venus.Lab.Example')).to.equal(4);
    expect(findRecord(file, 'sun.lab.example.')?.cpus).to.equal(1);
  });
  it('is the one of the full name where both have one', () => {
    expect(cpus('moon', 'moon.lab.example')).to.equal(3);
    expect(cpus('moon.lab.example')).to.equal(3);
    expect(cpus('moon')).to.equal(2);
  });
  it('is not that of a host with the same beginning', () => {
    expect(cpus('su')).to.equal(null);
    expect(cpus('sunny')).to.equal(null);
    expect(cpus('venus')).to.equal(null);
    expect(cpus('venus.other.example')).to.equal(null);
    expect(cpus()).to.equal(null);
  });
});
