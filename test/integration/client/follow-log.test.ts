import { expect } from 'chai';
import type { Clock } from '../../../src/client/clock.ts';
import { Refused, ServerUnreachable } from '../../../src/client/errors.ts';
import { followLog } from '../../../src/client/follow-log.ts';
import { RayserverClient } from '../../../src/client/rayserver-client.ts';
import { Refusal } from '../../../src/model/refusal.ts';
import type { LogView } from '../../../src/protocol/api.ts';
import { MemoryFarm } from '../../support/memory-farm.ts';
import { MemoryHome } from '../../support/memory-home.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A farm whose simulations write logs, each attempt anew, as procwrap does. */
class WritingFarm extends MemoryFarm {
  readonly written = new Map<number, { attempt: number; text: string; ended: boolean }>();
  /** The task that tells most, where none is named. */
  telling: number | null = null;

  write(task: number, text: string, changes: { attempt?: number; ended?: boolean } = {}): void {
    const { attempt = 0, text: before = '' } = this.written.get(task) ?? {};
    const next = changes.attempt ?? (attempt || 1);
    this.written.set(task, {
      attempt: next,
      text: next === attempt ? before + text : text,
      ended: changes.ended ?? false,
    });
    this.taskChanges.set(task, { attempts: next });
    this.telling ??= task;
  }

  override async log(id: number, task: number | null, offset: number): Promise<LogView> {
    await this.job(id);
    const number = task ?? this.telling;
    const log = this.written.get(number ?? 0);
    if (number === null || !log) throw new Refusal('no-such-file', 'Job 1 has run nothing.');
    const bytes = Buffer.from(log.text);
    // Where the log is shorter than that, it goes on at its beginning.
    const from = offset <= bytes.length ? offset : 0;
    const text = bytes.subarray(from, from + 7).toString();
    const next = from + Buffer.byteLength(text);
    return { task: number, attempt: log.attempt, text, next, ended: log.ended && next === offset };
  }
}

describe('a log that is followed', () => {
  let home: MemoryHome;
  let farm: WritingFarm;
  let client: RayserverClient;
  let told: string[];
  let parts: LogView[];
  const end = { state: 'done', progress: 1, finishedAt: '2026-11-22T10:31:00.000Z' } as const;
  const text = () => parts.map((part) => part.text).join('');

  const follow = async (options: { task?: number; patienceSeconds?: number } = {}) => {
    const onConnection = (state: string) => told.push(state);
    for await (const part of followLog(client, 1, { ...options, onConnection })) parts.push(part);
  };
  const reads = (wanted: string) => waitUntil(`"${wanted}", not only "${text()}"`, () => text() === wanted);

  beforeEach(async () => {
    farm = new WritingFarm();
    home = await MemoryHome.open(farm);
    // Time between two questions is short here, so that no test waits for it.
    const clock: Clock = {
      now: () => performance.now(),
      sleep: (_milliseconds, signal) =>
        new Promise((resolve, reject) => setTimeout(() => (signal?.aborted ? reject(signal.reason) : resolve()), 5)),
    };
    client = new RayserverClient({ server: `unix:${home.home.submitSocket}`, clock });
    [told, parts] = [[], []];
    farm.taskCount = 3;
    for (const number of [1, 2, 3]) farm.taskChanges.set(number, { attempts: 0 });
    farm.add({ state: 'running' });
  });
  afterEach(async () => {
    await client.close();
    await home.remove();
  });

  it('goes on as it grows, before it begins, too, and ends with its task', async () => {
    const following = follow({ task: 1 });
    farm.write(1, 'one\n');
    await reads('one\n');
    farm.write(1, 'two and three\n', { ended: true });
    await following;
    expect(text()).to.equal('one\ntwo and three\n');
  });

  it('goes on at the same byte when the server was away: nothing twice, nothing left out', async () => {
    const following = follow({ task: 1 });
    farm.write(1, 'one\n');
    await reads('one\n');
    await home.stop();
    await waitUntil('the loss', () => told.includes('lost'));
    farm.write(1, 'two\n');
    await home.start();
    await reads('one\ntwo\n');
    farm.write(1, 'three\n', { ended: true });
    await following;
    expect([text(), told]).to.deep.equal(['one\ntwo\nthree\n', ['lost', 'back']]);
  });

  it('begins anew with each attempt, also where the new log is already longer', async () => {
    const following = follow({ task: 1 });
    farm.write(1, 'one\n');
    await reads('one\n');
    farm.write(1, 'again one two\n', { attempt: 2 });
    await reads('one\nagain one two\n');
    farm.write(1, 'x\n', { attempt: 3, ended: true });
    await following;
    expect(text()).to.equal('one\nagain one two\nx\n');
    expect(parts.map(({ attempt }) => attempt)).to.deep.equal([1, 2, 2, 3]);
  });

  it('goes from task to task until the job has ended', async () => {
    const following = follow();
    farm.write(2, 'two\n', { ended: true });
    await reads('two\n');
    farm.write(3, 'three\n', { ended: true });
    await reads('two\nthree\n');
    // One with a smaller number that began late.
    farm.write(1, 'one\n', { ended: true });
    farm.telling = 1;
    await reads('two\nthree\none\n');
    farm.change(1, end);
    await following;
    expect(parts.map(({ task }) => task)).to.deep.equal([2, 3, 1]);
  });

  it('of a job that had ended is the one that tells most', async () => {
    farm.write(1, 'one\n', { ended: true });
    farm.write(2, 'two\n', { ended: true });
    farm.change(1, end);
    await follow();
    expect(text()).to.equal('one\n');
  });

  it('is missed where the job ended without one', async () => {
    farm.change(1, { ...end, state: 'cancelled' });
    const error: unknown = await follow().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Refused);
    expect((error as Refused).code).to.equal('no-such-file');
  });

  it('is given up when the server stays away', async () => {
    const following = follow({ patienceSeconds: 0.05 }).catch((reason: unknown) => reason);
    farm.write(1, 'one\n');
    await reads('one\n');
    await home.stop();
    expect(await following).to.be.instanceOf(ServerUnreachable);
    expect(told).to.deep.equal(['lost']);
  });
});
