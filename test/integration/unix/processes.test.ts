import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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
    parent = spawn('/bin/sh', ['-c', '/bin/true & echo $!; exec /bin/sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [word] = parent.stdout ? ((await once(parent.stdout, 'data')) as [Buffer]) : [];
    const child = Number(String(word));
    await waitUntil('its end', () => !isLive(child));
    expect(process.kill(child, 0)).to.equal(true);
  });
});
