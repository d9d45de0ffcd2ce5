import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { tryLock } from '../../../src/unix/locks.ts';

const locks = pathToFileURL(join(import.meta.dirname, '../../../src/unix/locks.js')).href;

/** Tries the lock in another process. */
function elsewhere(file: string): string {
  const program = `import { tryLock } from '${locks}'; import { openSync } from 'node:fs'; console.log(tryLock(openSync('${file}', 'r+')));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).trim();
}

describe('a lock', () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'locks-'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  it('is refused to another process until it is given up, and survives closing another descriptor', () => {
    const file = join(base, 'lock');
    const fd = openSync(file, 'w+');
    expect(tryLock(fd)).to.equal(true);
    expect(tryLock(fd)).to.equal(true);
    closeSync(openSync(file, 'r'));
    expect(elsewhere(file)).to.equal('false');
    closeSync(fd);
    expect(elsewhere(file)).to.equal('true');
  });

  it('needs a descriptor open for writing', () => {
    const file = join(base, 'lock');
    closeSync(openSync(file, 'w'));
    const fd = openSync(file, 'r');
    expect(() => tryLock(fd)).to.throw('EBADF');
    closeSync(fd);
  });
});
