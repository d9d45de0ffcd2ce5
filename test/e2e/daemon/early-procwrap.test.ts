import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { end, ordinaryUser, startBackground, TestHome } from '../../support/daemon.ts';
import { serveHandedOver } from '../../support/handed-over.ts';
import { waitUntil } from '../../support/wait-until.ts';

const secondOne = /another one serves this home already/;

describe('a procwrap that the front has started', () => {
  let home: TestHome;
  beforeEach(async () => {
    home = new TestHome();
    const { pid } = await startBackground(home);
    await end(pid);
    await waitUntil('the end of procwrap', () => home.processes().length === 0);
  });
  afterEach(() => home.remove());

  it('is the one that the server in the background uses', async () => {
    const { pid } = await startBackground(home);
    const [procwrap] = home.processes('procwrap');
    const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${procwrap}/status`, 'utf8'))?.[1];
    expect(Number(parent)).to.not.equal(pid);
    expect(home.log()).to.not.match(secondOne);
    await end(pid);
  });

  it('is not started beside one that serves the home', async () => {
    const first = await startBackground(home);
    const procwrap = home.processes('procwrap');
    process.kill(first.pid, 'SIGKILL');
    await waitUntil('the end of the server', () => home.processes('server/').length === 0);
    const { pid } = await startBackground(home);
    expect(home.processes('procwrap')).to.deep.equal(procwrap);
    expect(home.log()).to.not.match(secondOne);
    await end(pid);
  });

  it('is replaced by the server where it has ended', async () => {
    const gone = spawn('/bin/true');
    await new Promise((ended) => gone.once('close', ended));
    const server = await serveHandedOver(home, { procwrap: gone.pid ?? null });
    expect(home.processes('procwrap')).to.have.lengthOf(1);
    server.kill('SIGTERM');
    expect(await server.ended).to.equal(0);
  });

  it('is not waited for longer than it takes to start', async () => {
    const other = spawn('/bin/sleep', ['infinity'], ordinaryUser);
    try {
      const server = await serveHandedOver(home, { procwrap: other.pid ?? null });
      expect(home.processes('procwrap')).to.have.lengthOf(1);
      server.kill('SIGTERM');
      expect(await server.ended).to.equal(0);
    } finally {
      other.kill();
    }
  });
});
