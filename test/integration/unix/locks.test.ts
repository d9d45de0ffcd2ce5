import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { tryLock, unlock, whoHolds } from '../../../src/unix/locks.ts';

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

  it('is shared by readers, of this process, too, and turns into the other kind where nobody is in the way', () => {
    const file = join(base, 'lock');
    const [one, other] = [openSync(file, 'w+'), openSync(file, 'r+')];
    expect([tryLock(one, 'read'), tryLock(other, 'read')]).to.deep.equal([true, true]);
    expect(tryLock(one, 'write')).to.equal(false);
    expect(tryLock(other, 'read')).to.equal(true);
    unlock(other);
    expect(tryLock(one, 'write')).to.equal(true);
    expect(tryLock(other, 'read')).to.equal(false);
    expect(tryLock(one, 'read')).to.equal(true);
    expect(tryLock(other, 'read')).to.equal(true);
    unlock(one);
    unlock(one);
    for (const fd of [one, other]) closeSync(fd);
  });

  it('may be on some bytes only', () => {
    const file = join(base, 'lock');
    const [one, other] = [openSync(file, 'w+'), openSync(file, 'r+')];
    const [first, second] = [
      { start: 0, length: 1 },
      { start: 1, length: 1 },
    ];
    expect([tryLock(one, 'write', first), tryLock(other, 'write', second)]).to.deep.equal([true, true]);
    expect([tryLock(one, 'write', second), tryLock(other)]).to.deep.equal([false, false]);
    unlock(other, second);
    expect(tryLock(one, 'write', second)).to.equal(true);
    for (const fd of [one, other]) closeSync(fd);
  });

  it('tells what is in the way', () => {
    const file = join(base, 'lock');
    const [one, other] = [openSync(file, 'w+'), openSync(file, 'r+')];
    expect(whoHolds(other)).to.equal(null);
    tryLock(one, 'read');
    expect(whoHolds(other, 'read')).to.equal(null);
    expect(whoHolds(other, 'write')).to.deep.equal({ kind: 'read', pid: null });
    tryLock(one, 'write');
    expect(whoHolds(other, 'read')).to.deep.equal({ kind: 'write', pid: null });
    for (const fd of [one, other]) closeSync(fd);
    expect(() => whoHolds(one)).to.throw('EBADF');
    expect(() => unlock(one)).to.throw('EBADF');
  });
});
