import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Reading, standsStill } from '../../../src/ambient/reading.ts';
import { temporary } from '../../support/executor.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('a process that reads a file', () => {
  let base: ReturnType<typeof temporary>;
  let child: ChildProcess;
  const path = () => join(base.path, 'file');
  const pid = () => child.pid ?? 0;

  /** A shell whose descriptor 3 is the file; cat moves its position to the end. */
  beforeEach(async () => {
    base = temporary('reading');
    writeFileSync(path(), 'x'.repeat(1000));
    const program = 'exec 3<"$1"; echo; read go; cat <&3 >/dev/null; echo; while read go; do :; done';
    child = spawn('sh', ['-c', program, 'sh', path()], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout ?? child, 'data');
  });
  afterEach(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    base[Symbol.dispose]();
  });

  it('has not read it before its position is at the end, whatever it does', async () => {
    const reading = new Reading();
    expect(reading.isOver(pid(), statSync(path()), 1000)).to.equal(false);
    child.stdin?.write('\n');
    await once(child.stdout ?? child, 'data');
    await waitUntil('the end of its reading', () => reading.isOver(pid(), statSync(path()), 1000));
    expect(reading.isOver(pid(), statSync(path()), 1001)).to.equal(false);
    expect(reading.isOver(pid(), statSync(base.path), 1000)).to.equal(false);
  });

  it('has not read it for certain while it stands at the end: it may look for more', async () => {
    child.stdin?.write('\n');
    await once(child.stdout ?? child, 'data');
    expect(standsStill(pid())).to.equal(false);
    child.kill('SIGSTOP');
    await waitUntil('its stop', () => standsStill(pid()));
    const reading = new Reading();
    expect(reading.isOver(pid(), statSync(path()), 1000)).to.equal(false);
    expect(reading.isOver(pid(), statSync(path()), 1000)).to.equal(false);
    child.kill('SIGCONT');
    await waitUntil('the end of its reading', () => reading.isOver(pid(), statSync(path()), 1000));
  });

  it('has read it when it has worked on for a while', async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    child = spawn('sh', ['-c', 'exec 3<"$1"; cat <&3 >/dev/null; echo; while :; do :; done', 'sh', path()]);
    await once(child.stdout ?? child, 'data');
    const reading = new Reading();
    expect(reading.isOver(pid(), statSync(path()), 1000)).to.equal(false);
    await waitUntil('the end of its reading', () => reading.isOver(pid(), statSync(path()), 1000));
  });

  it('is not there any more', async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(new Reading().isOver(pid(), statSync(path()), 0)).to.equal(false);
    expect(standsStill(pid())).to.equal(true);
  });
});
