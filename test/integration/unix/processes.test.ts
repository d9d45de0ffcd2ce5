import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { expect } from 'chai';
import { isLive } from '../../../src/unix/processes.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('a process by its number', () => {
  let parent: ChildProcess;
  afterEach(() => parent.kill('SIGKILL'));

  it('lives while it runs', () => {
    parent = spawn('/bin/sleep', ['60']);
    expect(isLive(parent.pid ?? 0)).to.equal(true);
  });

  it('does not live once it is reaped', async () => {
    parent = spawn('/bin/true');
    await once(parent, 'close');
    expect(isLive(parent.pid ?? 0)).to.equal(false);
  });

  it('does not live while it waits to be reaped', async () => {
    // It ends when its parent, which reaps nobody, is no shell any more.
    const script = 'read word <&3 & echo $!; exec /bin/sleep 60 3<&-';
    parent = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
    const [word] = parent.stdout ? ((await once(parent.stdout, 'data')) as [Buffer]) : [];
    const child = Number(String(word));
    await waitUntil('its parent', () => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n');
    expect(isLive(child)).to.equal(true);
    (parent.stdio[3] as Writable).end();
    await waitUntil('its end', () => !isLive(child));
    expect(process.kill(child, 0)).to.equal(true);
  });
});
