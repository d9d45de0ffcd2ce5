import { expect } from 'chai';
import { FarmNews } from '../../../src/server/news.ts';
import { Chance } from '../../support/chance.ts';
import { EventReader, type Told } from '../../support/event-reader.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type Opened, openTestPort } from '../../support/web-port.ts';

/** A connection to the news of the farm. */
class Reader extends EventReader {
  constructor(port: Opened, lastId: string | null = null) {
    super(port, '/api/v1/events', lastId === null ? [] : [`Last-Event-ID: ${lastId}`]);
  }

  get words(): string[] {
    return this.told.map(({ event, data }) => [event, data.id, data.state].filter((word) => word).join(' '));
  }
}

describe('the events of the farm', () => {
  let port: Opened;
  afterEach(() => port.close());

  it('begin with a reset, and tell of new jobs, other states and deleted jobs', async () => {
    port = await openTestPort();
    port.farm.add();
    const reader = new Reader(port);
    await waitUntil('the reset', () => reader.told.length === 1);
    port.farm.add({ name: 'second' });
    port.farm.change(1, { state: 'running', results: [{ path: 'a', bytes: 1, sha256: 'b' }] });
    port.farm.change(1, { state: 'done', finishedAt: '2026-11-22T10:31:00.000Z' });
    port.farm.drop(1);
    await waitUntil('all of it', () => reader.told.length === 5);
    expect(reader.words).to.deep.equal(['reset', 'job 2 waiting', 'job 1 running', 'job 1 done', 'deleted 1']);
    expect(reader.told[1]?.data).to.include({ name: 'second', progress: 0 });
    expect(reader.told[2]?.data).to.not.have.any.keys('results', 'notes', 'lastLines');
    expect((await port.ask('/api/v1/events', { method: 'HEAD' })).status).to.equal(405);
    reader.socket.destroy();
  });

  it('are replayed in order to a client that comes back, and none twice', async () => {
    port = await openTestPort();
    const first = new Reader(port);
    await waitUntil('the reset', () => first.told.length === 1);
    for (let id = 1; id <= 250; id++) port.farm.add();
    await waitUntil('all of it', () => first.told.length === 251);
    const at = first.told[100]?.id ?? '';
    const second = new Reader(port, at);
    await waitUntil('what was missed', () => second.told.length === 150);
    expect(second.told).to.deep.equal(first.told.slice(101));
    port.farm.change(1, { state: 'running' });
    await waitUntil('the next', () => second.told.length === 151);
    const third = new Reader(port, second.told.at(-1)?.id);
    await waitUntil('that nothing was missed', () => third.told.length === 1);
    expect(third.told).to.deep.equal([{ event: 'unchanged', id: second.told.at(-1)?.id, data: {} }]);
    for (const reader of [first, second, third]) reader.socket.destroy();
  });

  it('say reset where they do not reach back far enough, or come from another server', async () => {
    port = await openTestPort();
    (port.farm as { news: FarmNews }).news = new FarmNews({ events: 10 });
    const first = new Reader(port);
    await waitUntil('the reset', () => first.told.length === 1);
    const [start] = first.told;
    first.socket.destroy();
    for (let id = 1; id <= 50; id++) port.farm.add();
    for (const last of [start?.id ?? '', 'other-7', 'x']) {
      const again = new Reader(port, last);
      await waitUntil('the reset', () => again.told.length === 1);
      expect(again.words).to.deep.equal(['reset']);
      port.farm.add();
      await waitUntil('what follows', () => again.told.length === 2);
      again.socket.destroy();
    }
  });

  it('are missed by nobody whose connection is cut at any moment', async () => {
    port = await openTestPort();
    const chance = new Chance(20261122);
    const states = ['waiting', 'running', 'paused'] as const;
    const happened: string[] = [];
    const told: Told[] = [];
    let reader = new Reader(port);
    await waitUntil('the reset', () => reader.told.length === 1);
    let last = reader.told[0]?.id ?? '';
    const jobsOf = ({ told: all }: Reader) => all.filter(({ event }) => event === 'job');
    const comeBack = () => {
      // Half an event that came last does not count.
      told.push(...jobsOf(reader));
      last = reader.told.at(-1)?.id ?? last;
      reader.socket.destroy();
      reader = new Reader(port, last);
    };
    for (let id = 1; id <= 20; id++) happened.push(`job ${port.farm.add().id} waiting`);
    for (let step = 0; step < 3000; step++) {
      const id = 1 + chance.below(20);
      const { state: before } = await port.farm.job(id);
      const state = chance.oneOf(states.filter((other) => other !== before));
      port.farm.change(id, { state });
      happened.push(`job ${id} ${state}`);
      if (chance.below(40) === 0) comeBack();
      if (chance.below(10) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    comeBack();
    const all = () => [...told, ...jobsOf(reader)].map(({ event, data }) => `${event} ${data.id} ${data.state}`);
    await waitUntil('the last event', () => all().length >= happened.length);
    expect(all()).to.deep.equal(happened);
    reader.socket.destroy();
  });

  it('wait for a slow reader in the ring, not in memory of their own, and are cut where nobody reads', async () => {
    port = await openTestPort({ bounds: { slowReaderMs: 150 } });
    port.farm.add();
    const reader = new Reader(port);
    await waitUntil('the reset', () => reader.told.length === 1);
    reader.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    let step = 0;
    const name = 'n'.repeat(100_000);
    await waitUntil('the cut', () => {
      for (let at = 0; at < 20; at++) port.farm.change(1, { name, state: step++ % 2 ? 'running' : 'waiting' });
      return port.lines.some((line) => / 200 [0-9]+ ms \(cut\)$/.test(line));
    });
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(50_000_000);
    reader.socket.destroy();
  });

  it('go to one user half of the streams at most, and end in good order when the port closes', async () => {
    port = await openTestPort({ bounds: { streams: 4 } });
    const readers = [new Reader(port), new Reader(port)];
    await waitUntil('two streams', () => readers.every((reader) => reader.told.length === 1));
    expect((await port.ask('/api/v1/events')).status).to.equal(503);
    const asAnn = port.connect(true);
    let seen = '';
    asAnn.on('data', (data: Buffer) => {
      seen += data.toString();
    });
    asAnn.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await waitUntil('the stream of another user', () => seen.includes('event: reset'));
    await port.door.close();
    await waitUntil('the end', () => readers.every((reader) => reader.isClosed));
    expect(readers.every((reader) => reader.text.endsWith('0\r\n\r\n'))).to.equal(true);
  });
});
