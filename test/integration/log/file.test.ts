import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LogFile } from '../../../src/log/file.ts';
import { openLog } from '../../../src/log/log.ts';
import { temporaryDirectory } from '../../support/program.ts';

describe('the log file', () => {
  let place: { path: string; remove: () => void };
  let troubles: string[];
  beforeEach(() => {
    place = temporaryDirectory();
    troubles = [];
  });
  afterEach(() => place.remove());

  function logFile(): LogFile {
    return new LogFile(place.path, 'mars', { trouble: (reason) => troubles.push(reason) });
  }
  const text = (name = 'mars') => readFileSync(join(place.path, name), 'utf8');

  it('keeps what is there and appends', () => {
    writeFileSync(join(place.path, 'mars'), 'before\n');
    const file = logFile();
    file.write('after');
    expect(text()).to.equal('before\nafter\n');
    file.close();
  });

  it('is group-writable as the umask allows', () => {
    const mask = process.umask(0o002);
    const file = logFile();
    file.write('x');
    process.umask(mask);
    expect(statSync(file.path).mode & 0o777).to.equal(0o664);
    file.close();
  });

  it('goes on in a new file when the old one is renamed or removed', () => {
    const file = logFile();
    file.write('one');
    renameSync(file.path, join(place.path, 'mars.1'));
    file.write('two');
    rmSync(file.path);
    file.write('three');
    expect([text('mars.1'), text()]).to.deep.equal(['one\n', 'three\n']);
    expect(troubles).to.deep.equal([]);
    file.close();
  });

  const traps: [string, (path: string) => void, string][] = [
    ['a link', (path) => symlinkSync(join(place.path, 'precious'), path), 'it is a symbolic link'],
    ['a second name', (path) => linkSync(join(place.path, 'precious'), path), 'it has a second name elsewhere'],
    ['a directory', (path) => mkdirSync(path), 'it is a directory'],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 'it is no regular file'],
  ];
  for (const [what, plant, reason] of traps) {
    it(`is not written through ${what}, and says so once`, () => {
      writeFileSync(join(place.path, 'precious'), 'untouched\n');
      const file = logFile();
      plant(file.path);
      file.write('one');
      file.write('two');
      expect(text('precious')).to.equal('untouched\n');
      expect(troubles).to.deep.equal([reason]);
      expect(file.descriptor).to.equal(null);
    });
  }

  it('is silent without its directory, and writes again when it is there', () => {
    const file = new LogFile(join(place.path, 'srvlogs'), 'mars', { trouble: (reason) => troubles.push(reason) });
    file.write('lost');
    expect(troubles).to.deep.equal(['there is no such directory']);
    mkdirSync(join(place.path, 'srvlogs'));
    file.write('kept');
    expect(text('srvlogs/mars')).to.equal('kept\n');
    file.close();
  });

  it('has every line when the call returns', () => {
    const file = logFile();
    const { tell, note } = openLog({ file, program: 'rayserver', terminal: false });
    for (let line = 0; line < 1000; line++) tell('info', `line ${line}`);
    note('warn', 'two\nlines in one');
    const lines = text().split('\n');
    expect(lines).to.have.lengthOf(1002);
    expect(lines[999]).to.match(new RegExp(`rayserver\\[${process.pid}\\] info: line 999$`));
    expect(lines[1000]).to.match(/ warn: two\\nlines in one$/);
    file.close();
  });
});
