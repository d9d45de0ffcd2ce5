import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { realClock } from '../../../src/executor/clock.ts';
import { lockProbe } from '../../../src/executor/lock-probe.ts';
import { tryLock } from '../../../src/unix/locks.ts';
import { temporary } from '../../support/executor.ts';
import { waitUntil } from '../../support/wait-until.ts';

const program = join(import.meta.dirname, '../../../src/bin/lock-probe.js');

describe('a lock probe with real processes', () => {
  let base: ReturnType<typeof temporary>;
  let fd: number;
  beforeEach(() => {
    base = temporary('probe');
    fd = openSync(base.path, constants.O_RDONLY);
  });
  afterEach(() => {
    closeSync(fd);
    base[Symbol.dispose]();
  });

  const child = (...words: string[]) => spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 2] });
  const linesOf = async (process: ReturnType<typeof child>): Promise<string[]> => {
    const lines: string[] = [];
    for await (const line of createInterface({ input: process.stdout as NodeJS.ReadableStream })) lines.push(line);
    return lines;
  };

  it('finds that locks hold here, and leaves nothing behind', async () => {
    const { holds, why, mount } = await lockProbe(realClock).look(fd);
    expect({ holds, why }).to.deep.equal({ holds: true, why: null });
    expect(mount).not.to.equal(null);
    expect(readdirSync(base.path)).to.deep.equal([]);
  });

  it('says so where no file can be made', async () => {
    const nowhere = openSync('/proc', constants.O_RDONLY);
    const { holds, why, mend } = await lockProbe(realClock).look(nowhere);
    closeSync(nowhere);
    expect({ holds, mend }).to.deep.equal({ holds: false, mend: 'ls -ld /proc' });
    expect(why).to.match(/^It could not be tried whether file locks hold on \/proc \(proc\): E[A-Z]+\.$/);
  });

  it('holds a lock until TERM, also seen by others; and is free when it is killed', async () => {
    const file = join(base.path, 'file');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const holder = child('hold', base.path, 'file');
      let said = '';
      holder.stdout?.on('data', (portion: Buffer) => {
        said += portion.toString();
      });
      await waitUntil('the lock', () => said === 'started\nheld\n');
      expect(await linesOf(child('try', base.path, 'file'))).to.deep.equal(['started', 'refused']);
      const own = openSync(file, constants.O_RDWR);
      expect(tryLock(own)).to.equal(false);
      expect(readFileSync('/proc/locks', 'utf8')).to.include('OFDLCK');
      holder.kill(signal);
      await once(holder, 'exit');
      expect(tryLock(own)).to.equal(true);
      closeSync(own);
      expect(readdirSync(base.path)).to.deep.equal(signal === 'SIGTERM' ? [] : ['file']);
    }
    expect(await linesOf(child('try', base.path, 'file'))).to.deep.equal(['started', 'obtained']);
    expect(await linesOf(child('remove', base.path, 'file'))).to.deep.equal(['started']);
    expect(readdirSync(base.path)).to.deep.equal([]);
  });

  it('says what failed', async () => {
    mkdirSync(join(base.path, 'directory'));
    expect(await linesOf(child('hold', base.path, 'directory'))).to.deep.equal(['started', 'failed EISDIR']);
    expect(await linesOf(child('try', base.path, 'none'))).to.deep.equal(['started', 'failed ENOENT']);
    expect(await linesOf(child('try', join(base.path, 'none'), 'x'))).to.deep.equal(['started', 'failed ENOENT']);
    expect((await linesOf(child('try', base.path)))[1]).to.match(/^failed usage: /);
  });
});
