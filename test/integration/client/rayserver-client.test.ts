import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import type { Clock } from '../../../src/client/clock.ts';
import { CalledWrongly, Refused, ServerUnreachable, UnknownAnswer } from '../../../src/client/errors.ts';
import { RayserverClient } from '../../../src/client/rayserver-client.ts';
import type { JobView, SubmitRequest } from '../../../src/protocol/api.ts';
import { FarmNews } from '../../../src/server/news.ts';
import { MemoryHome } from '../../support/memory-home.ts';
import { type StrangeServer, startStrangeServer } from '../../support/strange-server.ts';
import { jobView } from '../../support/views.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { token } from '../../support/web-port.ts';

const request: SubmitRequest = { kind: 'radiance', project: { path: '/projects/room' }, rif: 'room.rif' };
const finished = { state: 'done', progress: 1, finishedAt: '2026-11-22T10:31:00.000Z' } as const;

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing failed');
}

/** Time that passes only by sleeping. */
function quickClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => slept.reduce((sum, part) => sum + part, 0),
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
    },
  };
}

describe('a client of the job port', () => {
  let home: MemoryHome;
  let client: RayserverClient;
  beforeEach(async () => {
    home = await MemoryHome.open();
    client = new RayserverClient({ server: `unix:${home.home.submitSocket}` });
  });
  afterEach(async () => {
    await client.close();
    await home.remove();
  });

  it('submits, shows and cancels a job', async () => {
    const job = await client.submit({ ...request, name: 'evening', priority: 5 });
    expect(job).to.deep.include({ id: 1, name: 'evening', priority: 5, user: 'ann', state: 'waiting' });
    expect(await client.job(1)).to.deep.equal(job);
    expect((await client.tasks(1)).tasks.map(({ view }) => view)).to.deep.equal(['inside']);
    expect((await client.cancel(1)).state).to.equal('cancelled');
  });

  it('submits once under one key', async () => {
    const first = await client.submit(request, { key: 'k-1' });
    const second = await client.submit(request, { key: 'k-1' });
    const third = await client.submit(request);
    expect([first.id, second.id, third.id]).to.deep.equal([1, 1, 2]);
  });

  it('reads jobs in pages', async () => {
    for (let count = 0; count < 5; count += 1) home.farm.add();
    home.farm.change(3, { state: 'running' });
    const first = await client.jobs({ limit: 2 });
    expect([first.jobs.map(({ id }) => id), first.next]).to.deep.equal([[5, 4], 4]);
    const second = await client.jobs({ limit: 3, before: 4 });
    expect([second.jobs.map(({ id }) => id), second.next]).to.deep.equal([[3, 2, 1], null]);
    expect((await client.jobs({ state: 'running' })).jobs.map(({ id }) => id)).to.deep.equal([3]);
  });

  it('reads jobs and tasks page after page', async () => {
    for (let count = 0; count < 5; count += 1) home.farm.add();
    home.farm.taskCount = 5;
    home.farm.taskChanges.set(4, { state: 'failed' });
    const pages: number[][] = [];
    for await (const page of client.jobPages({ limit: 2 })) pages.push(page.map(({ id }) => id));
    for await (const page of client.taskPages(1, { limit: 3 })) pages.push(page.map(({ number }) => number));
    for await (const page of client.taskPages(1, { state: 'failed' })) pages.push(page.map(({ number }) => number));
    expect(pages).to.deep.equal([[5, 4], [3, 2], [1], [1, 2, 3], [4, 5], [4]]);
    const { tasks, next } = await client.tasks(1, { after: 1, limit: 2 });
    expect([tasks.map(({ number }) => number), next]).to.deep.equal([[2, 3], 3]);
  });

  it('submits a command, pauses and resumes it, tries it again and has it forgotten', async () => {
    const command = { kind: 'command', project: { path: '/p' }, command: ['r', '%d'], frames: '1-3' } as const;
    const job = await client.submit({ ...command, command: [...command.command], retries: 0, timeLimit: null });
    expect(job).to.deep.include({ kind: 'command', rif: null, command: ['r', '%d'], frames: '1-3' });
    expect((await client.tasks(1)).tasks.map(({ frame }) => frame)).to.deep.equal([1, 2, 3]);
    expect((await client.pause(1)).state).to.equal('paused');
    expect((await client.resume(1)).state).to.equal('waiting');
    await client.cancel(1);
    expect((await client.retry(1)).state).to.equal('waiting');
    expect(await failure(client.remove(1))).to.deep.include({ code: 'wrong-state', status: 409 });
    await client.cancel(1);
    await client.remove(1);
    expect(await failure(client.job(1))).to.deep.include({ code: 'no-such-job' });
  });

  it('reads a log from where it was', async () => {
    home.farm.add();
    home.farm.logs.set(1, 'one\ntwo\n');
    const log = await client.log(1, { task: 1, offset: 4 });
    expect(log).to.deep.equal({ task: 1, attempt: 1, text: 'two\n', next: 8, ended: false });
  });

  it('fetches a result, whatever its name', async () => {
    const path = 'images/Küche #1 100%?.hdr';
    const content = Buffer.from('#?RADIANCE\n');
    home.farm.add();
    home.farm.keep(path, content);
    home.farm.keep(`${path} as png`, Buffer.from('PNG'));
    const { bytes, stream } = await client.result(1, path);
    expect([bytes, (await buffer(stream)).equals(content)]).to.deep.equal([content.length, true]);
    const png = await client.result(1, path, { as: 'png' });
    expect((await buffer(png.stream)).toString()).to.equal('PNG');
  });

  it('tells of a result that breaks off', async () => {
    home.farm.add();
    home.farm.files.set('a.hdr', () => ({
      bytes: 1_000_000,
      stream: Readable.from([Buffer.alloc(1000), Buffer.alloc(1000)]),
    }));
    const { stream } = await client.result(1, 'a.hdr');
    expect(await failure(buffer(stream))).to.be.instanceOf(Error);
  });

  it('asks about the server', async () => {
    expect(await client.healthy()).to.equal(true);
    home.farm.isHealthy = false;
    expect(await client.healthy()).to.equal(false);
    expect((await client.server()).you).to.equal('ann');
    expect((await client.hosts()).map(({ name }) => name)).to.deep.equal(['here']);
    expect((await client.examine('/p')).map(({ what }) => what)).to.deep.equal(['/p']);
    expect((await client.examine('/f.amb', { mend: 'keep' })).map(({ mend }) => mend)).to.deep.equal(['keep']);
    expect((await client.examine()).map(({ what }) => what)).to.deep.equal(['host']);
  });

  it('tells why a request is refused', async () => {
    const missing = await failure(client.job(99));
    expect(missing).to.be.instanceOf(Refused);
    expect(missing).to.deep.include({ code: 'no-such-job', status: 404, job: null, message: 'There is no job 99.' });
    const busy = await failure(client.submit({ ...request, project: { path: '/busy' } }));
    expect(busy).to.deep.include({ code: 'view-busy', status: 409, job: 1 });
    for (const id of [0, -1, 1.5, Number.NaN]) expect(await failure(client.job(id))).to.be.instanceOf(CalledWrongly);
  });

  it('bears the token on TCP', async () => {
    const server = `http://127.0.0.1:${home.port}`;
    expect((await new RayserverClient({ server, token }).server()).you).to.equal('token');
    for (const wrong of [null, 'wrong']) {
      const error = await failure(new RayserverClient({ server, token: wrong }).server());
      expect(error).to.deep.include({ name: 'Refused', code: 'unauthorized', status: 401 });
    }
  });

  it('sends no token unprotected over a network', () => {
    const open = () => new RayserverClient({ server: 'http://farm.example:9182', token });
    expect(open).to.throw(
      CalledWrongly,
      'would send the token unprotected over the network. Use ssh://farm.example instead.',
    );
  });

  it('waits for the end of a job', async () => {
    home.farm.add();
    const seen: JobView[] = [];
    const waiting = (async () => {
      for await (const job of client.wait(1)) seen.push(job);
    })();
    await waitUntil('the first event', () => seen.length === 1);
    home.farm.change(1, { state: 'running', progress: 0.5 });
    await waitUntil('the second event', () => seen.length === 2);
    home.farm.change(1, finished);
    await waiting;
    expect(seen.map(({ state }) => state)).to.deep.equal(['waiting', 'running', 'done']);
  });

  it('leaves nothing open when waiting is given up', async () => {
    home.farm.add();
    for await (const _job of client.wait(1)) break;
    await waitUntil('no watcher', () => home.farm.watchers(1) === 0);
    const giveUp = new AbortController();
    const waiting = failure(
      (async () => {
        for await (const _job of client.wait(1, { signal: giveUp.signal })) giveUp.abort(new Error('enough'));
      })(),
    );
    expect((await waiting).message).to.equal('enough');
    await waitUntil('no watcher', () => home.farm.watchers(1) === 0);
  });

  it('goes on waiting when the server restarts', async () => {
    home.farm.add();
    const seen: string[] = [];
    const waiting = (async () => {
      for await (const { state } of client.wait(1)) seen.push(state);
    })();
    await waitUntil('the first event', () => seen.length === 1);
    await home.stop();
    home.farm.change(1, { state: 'running' });
    await home.start();
    await waitUntil('the job after the restart', () => seen.includes('running'));
    home.farm.change(1, finished);
    await waiting;
    expect(seen).to.deep.equal(['waiting', 'running', 'done']);
  });

  it('is not told again what it knows when the connection comes back', async () => {
    home.farm.add();
    const seen: string[] = [];
    const waiting = (async () => {
      for await (const { state } of client.wait(1)) seen.push(state);
    })();
    await waitUntil('the first event', () => seen.length === 1);
    await home.stop();
    await home.start();
    await waitUntil('the new connection', () => home.farm.watchers(1) === 1);
    home.farm.change(1, finished);
    await waiting;
    expect(seen).to.deep.equal(['waiting', 'done']);
  });

  it('hears all news of the farm, in order, whatever happens to its connection', async () => {
    const clock = quickClock();
    client = new RayserverClient({ server: `unix:${home.home.submitSocket}`, clock });
    const seen: string[] = [];
    const enough = new AbortController();
    const listening = failure(
      (async () => {
        for await (const event of client.events({ signal: enough.signal, patienceSeconds: 1_000_000 }))
          seen.push(event.what === 'job' ? `${event.job.id} ${event.job.state}` : event.what);
      })(),
    );
    await waitUntil('the reset', () => seen.length === 1);
    home.farm.add();
    await waitUntil('the job', () => seen.length === 2);
    await home.stop();
    home.farm.change(1, { state: 'running' });
    home.farm.add();
    home.farm.change(1, finished);
    home.farm.drop(2);
    await home.start();
    await waitUntil('what was missed', () => seen.length === 6);
    expect(seen).to.deep.equal(['reset', '1 waiting', '1 running', '2 waiting', '1 done', 'deleted']);
    (home.farm as { news: FarmNews }).news = new FarmNews();
    await home.stop();
    await home.start();
    await waitUntil('another server', () => seen.length === 7);
    expect(seen.at(-1)).to.equal('reset');
    enough.abort(new Error('enough'));
    expect((await listening).message).to.equal('enough');
  });

  it('gives up waiting when the server stays away', async () => {
    home.farm.add();
    const clock = quickClock();
    client = new RayserverClient({ server: `unix:${home.home.submitSocket}`, clock });
    const waiting = failure(
      (async () => {
        for await (const _job of client.wait(1, { patienceSeconds: 30 })) await home.stop();
      })(),
    );
    expect(await waiting).to.be.instanceOf(ServerUnreachable);
    expect(clock.now()).to.be.within(30_000, 40_000);
  });

  it('does not wait for a server that was never there', async () => {
    await home.stop();
    const clock = quickClock();
    client = new RayserverClient({ server: `unix:${home.home.submitSocket}`, clock });
    const error = await failure(client.wait(1).next());
    expect(error).to.be.instanceOf(ServerUnreachable);
    expect(error.message).to.match(/^No server answers at .*submit\.sock \(/);
    expect(clock.slept).to.deep.equal([]);
  });
});

describe('a client whose server is strange', () => {
  let strange: StrangeServer;
  afterEach(() => strange.close());

  const answers: [string, number, string, RegExp][] = [
    ['text that is not JSON', 200, '<html>hello</html>', /does not answer in JSON/],
    ['another object', 200, '{"hello":"world"}', /not understood as a job/],
    [
      'a job with a wrong field',
      200,
      JSON.stringify({ ...jobView(), state: 'flying' }),
      /not understood as a job: \/state/,
    ],
    ['bytes that are not UTF-8', 200, '\xff\xfe', /does not answer in JSON/],
    ['an error that is not ours', 404, 'Not found', /HTTP status 404 and no reason. Is it a rayserver\?/],
    ['another address', 302, '', /HTTP status 302/],
  ];
  for (const [what, status, body, message] of answers) {
    it(`does not believe ${what}`, async () => {
      strange = await startStrangeServer((_request, response) => {
        response.writeHead(status, { location: 'http://elsewhere/' }).end(Buffer.from(body, 'latin1'));
      });
      const error = await failure(new RayserverClient({ server: strange.url }).job(1));
      expect(error).to.be.instanceOf(UnknownAnswer);
      expect(error.message).to.match(message);
    });
  }

  it('takes what a newer server adds', async () => {
    strange = await startStrangeServer((_request, response) => {
      response.writeHead(200).end(JSON.stringify({ ...jobView(), colour: 'red' }));
    });
    expect((await new RayserverClient({ server: strange.url }).job(1)).id).to.equal(1);
  });

  it('submits once more, under the same key, when the connection breaks', async () => {
    strange = await startStrangeServer((request, response, count) => {
      if (count === 1) request.socket.destroy();
      else response.writeHead(200).end(JSON.stringify(jobView({ id: 4 })));
    });
    const clock = quickClock();
    const job = await new RayserverClient({ server: strange.url, clock }).submit(request);
    expect(job.id).to.equal(4);
    const keys = strange.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).to.have.length(2);
    expect(new Set(keys).size).to.equal(1);
    expect(keys[0]).to.match(/^[0-9a-f-]{36}$/);
  });

  it('does not submit a third time', async () => {
    strange = await startStrangeServer((request) => request.socket.destroy());
    const error = await failure(new RayserverClient({ server: strange.url, clock: quickClock() }).submit(request));
    expect(error).to.deep.include({ name: 'ServerUnreachable', sent: true });
    expect(error.message).to.match(/broke the connection\.$/);
    expect(strange.requests).to.have.length(2);
  });

  it('does not wait for ever for events without an end', async () => {
    strange = await startStrangeServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n');
    });
    const clock = quickClock();
    const error = await failure(new RayserverClient({ server: strange.url, clock }).wait(1).next());
    expect(error.message).to.match(/ends its events too early/);
  });

  it('does not believe an event that is no job', async () => {
    strange = await startStrangeServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('event: job\ndata: {"id":1}\n\n');
    });
    expect(await failure(new RayserverClient({ server: strange.url }).wait(1).next())).to.be.instanceOf(UnknownAnswer);
  });

  it('does not believe news that are none', async () => {
    for (const text of ['event: job\ndata: {"id":1}\n\n', 'event: deleted\ndata: {}\n\n', 'event: job\ndata: {\n\n']) {
      strange = await startStrangeServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
      });
      expect(await failure(new RayserverClient({ server: strange.url }).events().next())).to.be.instanceOf(
        UnknownAnswer,
      );
      await strange.close();
    }
    strange = await startStrangeServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('event: later\nid: 1\ndata: x\n\nevent: reset\nid: 2\ndata: {}\n\n');
    });
    const events = new RayserverClient({ server: strange.url }).events();
    expect((await events.next()).value).to.deep.equal({ what: 'reset' });
    await events.return();
  });

  it('is told that nothing listens', async () => {
    strange = await startStrangeServer(() => undefined);
    await strange.close();
    const error = await failure(new RayserverClient({ server: strange.url }).hosts());
    expect(error).to.deep.include({ name: 'ServerUnreachable', sent: false });
    expect(error.message).to.equal(`No server answers at ${strange.url} (nothing listens there).`);
  });
});
