import { expect } from 'chai';
import type { Outcome } from '../../../src/model/task.ts';
import { emptyFarm } from '../../../src/scheduler/farm.ts';
import type { Happening } from '../../../src/scheduler/messages.ts';
import { react } from '../../../src/scheduler/reactor.ts';
import { count, endOf, measure } from '../../../src/server/measures.ts';
import { metered } from '../../../src/server/metered-store.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import { pictureJob } from '../../support/jobs.ts';

const done: Outcome = { is: 'done', results: [], skipped: false, warnings: [], usage: null };

describe('the measures of a farm', () => {
  it('are jobs and tasks by state, and each attempt once', () => {
    const farm = emptyFarm();
    const counted: string[] = [];
    const meters = {
      committed: () => undefined,
      attemptsStarted: (number: number) => counted.push(`${number} started`),
      attemptEnded: (outcome: string) => counted.push(outcome),
    };
    const happen = (happening: Happening) => {
      const ended = endOf(farm, happening);
      count(meters, ended, react(farm, happening, 1000));
    };
    happen({ what: 'host joined', host: 'lab1', slots: 2, attempts: [] });
    happen({ what: 'submitted', job: pictureJob(1) });
    const end: Happening = {
      what: 'attempt ended',
      host: 'lab1',
      attempt: { job: 1, task: 1, attempt: 1 },
      outcome: done,
      milliseconds: 5,
    };
    happen(end);
    // Told again, because the host has not heard that we know.
    happen(end);
    expect(counted).to.deep.equal(['1 started', 'done', '2 started']);
    const { jobs, tasks } = measure(farm);
    expect(jobs).to.include({ waiting: 0, running: 1, paused: 0 });
    expect(tasks).to.include({ waiting: 2, running: 2, done: 1, failed: 0, cancelled: 0 });
  });

  it('have the time of each commit that came to pass', async () => {
    const seconds: number[] = [];
    const memory = memoryStore();
    const store = metered(memory, (took) => seconds.push(took));
    await store.commit([{ job: pictureJob(7), tasks: 'all' }]);
    expect([seconds.length, (await memory.job(7))?.id]).to.deep.equal([1, 7]);
    expect(seconds[0]).to.be.within(0, 10);
    memory.commit = () => Promise.reject(new Error('no space left on device'));
    const failed = await store.commit([]).catch((error: Error) => error.message);
    expect([failed, seconds.length]).to.deep.equal(['no space left on device', 1]);
  });
});
