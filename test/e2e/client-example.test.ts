import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryHome } from '../support/memory-home.ts';
import { Running, top } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('the example of the client library', () => {
  let home: MemoryHome;
  beforeEach(async () => {
    home = await MemoryHome.open();
    mkdirSync(join(home.directory, 'house'));
    writeFileSync(join(home.directory, 'house/room.rif'), '');
  });
  afterEach(() => home.remove());

  const start = () =>
    new Running(
      process.execPath,
      [join(top, 'examples/client/submit.mjs'), 'house/room.rif', `unix:${home.home.submitSocket}`],
      { cwd: home.directory },
    );

  it('submits, waits, and fetches the picture', async () => {
    home.farm.keep('images/room_inside.hdr as png', Buffer.from('PNG'));
    const run = start();
    await run.says('job 1: waiting, 0 %');
    home.farm.change(1, { state: 'running', progress: 0.345 });
    await run.says('job 1: running, 34 %');
    home.farm.change(1, {
      state: 'done',
      progress: 1,
      finishedAt: '2026-11-22T10:31:00.000Z',
      results: [{ path: 'images/room_inside.hdr', bytes: 19, sha256: 'x' }],
    });
    const ended = await run.ended;
    expect([ended.status, ended.stderr]).to.deep.equal([0, '']);
    expect(ended.stdout.split('\n').slice(-3)).to.deep.equal(['job 1: done, 100 %', 'room_inside.png', '']);
    expect(readFileSync(join(home.directory, 'room_inside.png'), 'utf8')).to.equal('PNG');
  });

  it('ends with the reason of a job that failed', async () => {
    const run = start();
    await waitUntil('a watcher', () => home.farm.watchers(1) === 1);
    home.farm.change(1, { state: 'failed', finishedAt: '2026-11-22T10:31:00.000Z', reason: 'oconv failed.' });
    const ended = await run.ended;
    expect(ended.status).to.equal(1);
    expect(ended.stderr).to.include('Error: Job 1: oconv failed.');
  });
});
