import { expect } from 'chai';
import { EventReader } from '../../support/event-reader.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type Opened, openTestPort } from '../../support/web-port.ts';

class Reader extends EventReader {
  constructor(port: Opened, id = 1, headers: string[] = []) {
    super(port, `/api/v1/jobs/${id}/events`, headers);
  }

  get events(): { id: string; state: string; progress: number }[] {
    const jobs = this.told.filter(({ event }) => event === 'job');
    return jobs.map(({ id, data: { state, progress } }) => ({ id, state, progress }));
  }
}

const ended = { state: 'done', progress: 1, finishedAt: '2026-11-22T10:31:00.000Z' } as const;

describe('the events of a job', () => {
  let port: Opened;
  afterEach(() => port.close());

  it('tell the job now, each change in order, and end with the job', async () => {
    port = await openTestPort();
    port.farm.add();
    const reader = new Reader(port);
    await waitUntil('the first event', () => reader.events.length === 1);
    expect(reader.text)
      .to.match(/^HTTP\/1\.1 200 OK\r\n/)
      .and.contain('Content-Type: text/event-stream; charset=utf-8');
    port.farm.change(1, { state: 'running', startedAt: '2026-11-22T10:30:30.000Z' });
    await waitUntil('the second event', () => reader.events.length === 2);
    port.farm.change(1, { progress: 0.5 });
    await waitUntil('the third event', () => reader.events.length === 3);
    port.farm.change(1, ended);
    await waitUntil('the end', () => reader.isWhole);
    expect(reader.events.map(({ state, progress }) => [state, progress])).to.deep.equal([
      ['waiting', 0],
      ['running', 0],
      ['running', 0.5],
      ['done', 1],
    ]);
    expect(new Set(reader.events.map(({ id }) => id)).size).to.equal(4);
    expect(port.farm.watchers(1)).to.equal(0);
    reader.socket.destroy();
  });

  it('of a job that has ended are one, and none for a client that has seen its end', async () => {
    port = await openTestPort();
    port.farm.add(ended);
    const whole = /^retry: 2000\n\nevent: job\nid: (\S+)\ndata: \{.*"state":"done".*\}\n\n$/;
    const { body } = await port.ask('/api/v1/jobs/1/events');
    const [, id = ''] = whole.exec(body.toString()) ?? [];
    for (const other of ['41', 'x', '', `${id}x`, 'a'.repeat(64)]) {
      const again = await port.ask('/api/v1/jobs/1/events', { headers: { 'Last-Event-ID': other } });
      expect(again.body.toString(), other).to.match(whole);
    }
    const seen = await port.ask('/api/v1/jobs/1/events', { headers: { 'Last-Event-ID': id } });
    expect([seen.status, seen.body.length]).to.deep.equal([204, 0]);
    expect(port.farm.watchers(1)).to.equal(0);
    const long = await port.ask('/api/v1/jobs/1/events', { headers: { 'Last-Event-ID': 'a'.repeat(65) } });
    expect(long.status).to.equal(400);
  });

  it('go on for a client that comes back: at once where something has changed, else with the next change', async () => {
    port = await openTestPort();
    port.farm.add({ state: 'running', secondsLeft: 100 });
    const first = new Reader(port);
    await waitUntil('the first event', () => first.events.length === 1);
    first.socket.destroy();
    const back = [`Last-Event-ID: ${first.events[0]?.id}`];
    port.farm.change(1, { secondsLeft: 90 });
    const second = new Reader(port, 1, back);
    await waitUntil('the stream', () => second.text.includes('event: unchanged\n'));
    expect(second.events).to.deep.equal([]);
    port.farm.change(1, { notes: ['half'] });
    await waitUntil('the change', () => second.events.length === 1);
    const third = new Reader(port, 1, back);
    await waitUntil('what was missed', () => third.events.length === 1);
    expect(third.events).to.deep.equal(second.events);
    for (const reader of [second, third]) reader.socket.destroy();
  });

  it('of no job are refused', async () => {
    port = await openTestPort();
    expect((await port.ask('/api/v1/jobs/9/events')).json.error.code).to.equal('no-such-job');
    expect((await port.ask('/api/v1/jobs/9/events', { method: 'HEAD' })).status).to.equal(405);
  });

  it('are few where only progress is told, and the last one is never lost', async () => {
    port = await openTestPort({ bounds: { progressMs: 100_000 } });
    port.farm.add({ state: 'running' });
    const reader = new Reader(port);
    await waitUntil('the first event', () => reader.events.length === 1);
    for (let step = 1; step < 1000; step++) port.farm.change(1, { progress: step / 1000 });
    port.farm.change(1, { notes: ['half'] });
    await waitUntil('the news', () => reader.events.length === 2);
    port.farm.change(1, { progress: 0.9999 });
    port.farm.change(1, ended);
    await waitUntil('the end', () => reader.isWhole);
    expect(reader.events.map((event) => event.progress)).to.deep.equal([0, 0.999, 1]);
    reader.socket.destroy();
  });

  it('tell the last progress even if nothing happens after it', async () => {
    port = await openTestPort({ bounds: { progressMs: 100 } });
    port.farm.add({ state: 'running' });
    const reader = new Reader(port);
    await waitUntil('the first event', () => reader.events.length === 1);
    for (const progress of [0.1, 0.2, 0.3]) port.farm.change(1, { progress });
    await waitUntil('the last progress', () => reader.events.at(-1)?.progress === 0.3);
    // The first of the three may go at once; of those that wait only the newest does.
    expect(reader.events.length).to.be.at.most(3);
    reader.socket.destroy();
  });

  it('are kept alive by comments while nothing happens', async () => {
    port = await openTestPort({ bounds: { heartbeatMs: 20 } });
    port.farm.add();
    const reader = new Reader(port);
    await waitUntil('three comments', () => (reader.text.match(/^: still here\n\n/gm) ?? []).length >= 3);
    expect(reader.events).to.have.length(1);
    reader.socket.destroy();
    await waitUntil('the watch to end', () => port.farm.watchers(1) === 0);
  });

  it('are cut where nobody reads, and hold no more than the newest meanwhile', async () => {
    port = await openTestPort({ bounds: { slowReaderMs: 150, progressMs: 0 } });
    port.farm.add({ state: 'running' });
    const reader = new Reader(port);
    await waitUntil('the first event', () => reader.events.length === 1);
    reader.socket.pause();
    const lastLines = Array.from({ length: 100 }, () => 'x'.repeat(10_000));
    const before = process.memoryUsage().arrayBuffers;
    let step = 0;
    await waitUntil('the cut', () => {
      port.farm.change(1, { lastLines, progress: (step++ % 1000) / 1000 });
      return port.farm.watchers(1) === 0;
    });
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(50_000_000);
    await waitUntil('the line of the cut', () => port.lines.some((line) => / 200 [0-9]+ ms \(cut\)$/.test(line)));
    reader.socket.destroy();
  });

  it('reach a slow reader that goes on in time, with the last state', async () => {
    port = await openTestPort({ bounds: { progressMs: 0 } });
    port.farm.add({ state: 'running' });
    const reader = new Reader(port);
    await waitUntil('the first event', () => reader.events.length === 1);
    reader.socket.pause();
    const lastLines = Array.from({ length: 100 }, () => 'x'.repeat(10_000));
    for (let step = 0; step < 50; step++) port.farm.change(1, { lastLines, progress: step / 50 });
    port.farm.change(1, { ...ended, lastLines: [] });
    reader.socket.resume();
    await waitUntil('the end', () => reader.text.includes('"state":"done"') && reader.isWhole);
    reader.socket.destroy();
  });

  it('go to so many clients and no more', async () => {
    port = await openTestPort({ bounds: { streams: 4 } });
    port.farm.add();
    const readers = [new Reader(port), new Reader(port)];
    await waitUntil('two streams', () => readers.every((reader) => reader.events.length === 1));
    const third = await port.ask('/api/v1/jobs/1/events');
    expect([third.status, third.json.error.code]).to.deep.equal([503, 'not-ready']);
    readers[0]?.socket.destroy();
    await waitUntil('the watch to end', () => port.farm.watchers(1) === 1);
    const next = new Reader(port);
    await waitUntil('its first event', () => next.events.length === 1);
    for (const reader of [next, ...readers]) reader.socket.destroy();
  });

  it('never begin where the client leaves, or the port closes, before the farm has found the job', async () => {
    port = await openTestPort({ bounds: { closeMs: 100 } });
    port.farm.add();
    const watch = port.farm.watch.bind(port.farm);
    const found: (() => void)[] = [];
    port.farm.watch = async (...asked) => {
      await new Promise<void>((resolve) => found.push(resolve));
      return watch(...asked);
    };
    const leaving = new Reader(port);
    await waitUntil('the first question', () => found.length === 1);
    leaving.socket.destroy();
    await waitUntil('the line of the cut', () => port.lines.some((line) => line.endsWith('(cut)')));
    found[0]?.();
    const staying = new Reader(port);
    await waitUntil('the second question', () => found.length === 2);
    const closing = port.door.close();
    found[1]?.();
    await waitUntil('the end', () => staying.isClosed);
    await closing;
    expect([leaving.events, staying.events]).to.deep.equal([[], []]);
    expect(port.farm.watchers(1)).to.equal(0);
  });

  it('end in good order when the port closes', async () => {
    port = await openTestPort();
    port.farm.add();
    const reader = new Reader(port);
    await waitUntil('the first event', () => reader.events.length === 1);
    await port.door.close();
    await waitUntil('the end', () => reader.isClosed);
    expect(reader.isWhole).to.equal(true);
    expect(port.farm.watchers(1)).to.equal(0);
  });
});
