import { expect } from 'chai';
import { type Job, nameOfProject, type Project } from '../../../src/model/job.ts';
import { attemptKey, attemptText, type Outcome } from '../../../src/model/task.ts';
import { emptyFarm, type FarmState, farmOf } from '../../../src/scheduler/farm.ts';
import type { Happening, Order } from '../../../src/scheduler/messages.ts';
import { react } from '../../../src/scheduler/reactor.ts';
import { waitsFor } from '../../../src/scheduler/resting.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import { commandJob, job, taskOf, taskPlan } from '../../support/jobs.ts';

const why = 'The project /srv/film is not there. Mount it, and the job goes on by itself; or cancel the job.';
const film: Project = { location: null, root: '/', rest: 'srv/film', path: '/srv/film' };
const away: Outcome = { is: 'postponed', reason: why, awaits: 'project' };
const done: Outcome = { is: 'done', results: [], skipped: false, warnings: [], usage: null };

const end = (attempt: string, outcome: Outcome, host = 'lab1'): Happening => {
  return { what: 'attempt ended', host, attempt: attemptKey(attempt), outcome, milliseconds: 5000 };
};
const seen = (reason: string | null, host = 'lab1'): Happening => {
  return { what: 'project looked at', host, project: film, away: reason };
};
const joined = (host = 'lab1', slots = 2): Happening => ({ what: 'host joined', host, slots, attempts: [] });
const inFilm = (id: number, priority = 0): Job => commandJob(id, { frames: '1-9' }, { project: film, priority });

/** What is done in the world, in short; whoever is told of a job is left out. */
function words(order: Order): string[] {
  switch (order.order) {
    case 'wake':
      return [`wake ${order.wake} after ${order.milliseconds}`];
    case 'look':
      return [`look at ${order.project.path} on ${order.host}`];
    case 'log':
      return order.text.startsWith('host ') ? [`${order.level}: ${order.text}`] : [];
    default:
      return 'attempt' in order ? [`${order.order} ${attemptText(order.attempt)}`] : [];
  }
}

describe('a project that a host does not have', () => {
  let farm: FarmState;
  const happen = (happening: Happening) => react(farm, happening, 1000).flatMap(words);
  const wake = (number: number) => happen({ what: 'time passed', wake: number });
  const look = 'look at /srv/film on lab1';

  beforeEach(() => {
    farm = emptyFarm();
    happen(joined());
  });

  /** A job, both attempts of which came back. */
  function missing(): Job {
    const one = inFilm(1);
    happen({ what: 'submitted', job: one });
    expect(happen(end('1.1.1', away))).to.deep.equal([
      `warn: host lab1: jobs wait: ${why}`,
      'wake 1 after 1000',
      'acknowledge 1.1.1',
    ]);
    expect(happen(end('1.2.1', away))).to.deep.equal(['acknowledge 1.2.1']);
    return one;
  }

  it('lets its jobs wait, which counts for nothing, and is said once', () => {
    const one = missing();
    expect(one.state.is).to.equal('running');
    expect(one.tasks.counts).to.include({ waiting: 9, running: 0, failed: 0 });
    expect(taskOf(one, 1)).to.deep.include({ failures: 0, lost: 0, tried: [], state: { is: 'waiting' } });
    expect(waitsFor(farm, one)).to.equal(why);
    expect(farm.occupied.size).to.equal(0);
  });

  it('is named where there was no room on its disk before', () => {
    const one = inFilm(1);
    happen({ what: 'submitted', job: one });
    happen(end('1.1.1', { is: 'postponed', reason: 'No space left.' }));
    expect(waitsFor(farm, one)).to.match(/^No space left\. /);
    happen(end('1.2.1', away));
    expect(waitsFor(farm, one)).to.equal(why);
  });

  it('is looked at again and again, after ever longer times, up to a minute', () => {
    missing();
    const pauses: string[] = [];
    for (let number = 1; number <= 9; number++) {
      expect(wake(number)).to.deep.equal([look]);
      pauses.push(...happen(seen(why)));
    }
    const seconds = [2, 4, 8, 16, 32, 60, 60, 60, 60];
    expect(pauses).to.deep.equal(seconds.map((pause, index) => `wake ${index + 2} after ${pause * 1000}`));
  });

  it('is gone on with when it is there, by itself', () => {
    const one = missing();
    wake(1);
    expect(happen(seen(null))).to.deep.equal([
      'info: host lab1: the project /srv/film is there again',
      'start 1.1.2',
      'start 1.2.2',
    ]);
    expect(waitsFor(farm, one)).to.equal(null);
    expect(happen(seen(null))).to.deep.equal([]);
    expect(wake(1)).to.deep.equal([]);
  });

  it('does not stop other projects, nor keep their slots', () => {
    missing();
    const other = commandJob(2, { frames: '1-2' });
    expect(happen({ what: 'submitted', job: other })).to.deep.equal(['start 2.1.1', 'start 2.2.1']);
    expect(waitsFor(farm, other)).to.equal(null);
  });

  it('does not stop its jobs on other hosts', () => {
    const one = missing();
    expect(happen(joined('lab2'))).to.deep.equal([
      'info: host lab2: joined with 2 slots',
      'start 1.1.2',
      'start 1.2.2',
    ]);
    expect(waitsFor(farm, one)).to.equal(null);
    happen(end('1.1.2', away, 'lab2'));
    expect(waitsFor(farm, one)).to.equal(why);
    happen({ what: 'host left', host: 'lab1' });
    expect(waitsFor(farm, one)).to.equal(why);
    expect(happen(seen(null, 'lab2')).filter((text) => text.startsWith('start'))).to.deep.equal(['start 1.1.3']);
  });

  it('keeps all jobs waiting that are to work in it, those that are submitted meanwhile too', () => {
    missing();
    const second = inFilm(2, 5);
    // Whoever submits it has just seen it.
    expect(happen({ what: 'submitted', job: second })).to.deep.equal([look]);
    expect(waitsFor(farm, second)).to.equal(why);
    expect(happen({ what: 'submitted', job: inFilm(3) })).to.deep.equal([]);
    const starts = happen(seen(null)).filter((text) => text.startsWith('start'));
    expect(starts, 'the more urgent first').to.deep.equal(['start 2.1.1', 'start 2.2.1']);
  });

  it('is another one for a job that was submitted for another directory there', () => {
    missing();
    const found = { way: 'srv/film', identity: '1:2' };
    const later = { ...inFilm(2), project: { ...film, found } };
    expect(nameOfProject(later.project)).to.not.equal(nameOfProject(film));
    expect(happen({ what: 'submitted', job: later })).to.deep.equal(['start 2.1.1', 'start 2.2.1']);
  });

  it('tells a new reason, when there is one', () => {
    const one = missing();
    wake(1);
    const told = react(farm, seen('It cannot be reached.'), 1000).filter(({ order }) => order === 'tell');
    expect(told).to.have.length(1);
    expect(waitsFor(farm, one)).to.equal('It cannot be reached.');
    wake(2);
    expect(react(farm, seen('It cannot be reached.'), 1000).map(({ order }) => order)).to.deep.equal(['wake']);
  });

  it('is looked at when its host joins again', () => {
    missing();
    for (const isLookedAt of [false, true]) {
      happen({ what: 'host left', host: 'lab1' });
      if (isLookedAt) expect(wake(1), 'nobody is there to look').to.deep.equal([]);
      expect(happen(joined())).to.deep.equal(['info: host lab1: joined with 2 slots', look]);
    }
  });

  it('is looked at when somebody resumes or retries a job that waits for it', () => {
    missing();
    happen({ what: 'pause asked', job: 1, by: 'ann' });
    expect(happen({ what: 'resume asked', job: 1, by: 'ann' })).to.deep.equal([look]);
    happen(seen(why));
    const retry = { what: 'retry asked', job: farm.jobs.get(1) as Job, by: 'ann' } as const;
    expect(happen(retry)).to.deep.equal([look]);
    expect(happen(retry), 'it is being looked at').to.deep.equal([]);
    expect(happen(seen(why)), 'and soon again').to.deep.equal(['wake 3 after 2000']);
    wake(3);
    expect(happen(seen(null))).to.include.members(['start 1.1.2', 'start 1.2.2']);
  });

  it('does not keep a job from being paused or cancelled', () => {
    const one = missing();
    happen({ what: 'pause asked', job: 1, by: 'ann' });
    wake(1);
    expect(happen(seen(null))).to.deep.equal(['info: host lab1: the project /srv/film is there again']);
    expect(happen({ what: 'resume asked', job: 1, by: 'ann' })).to.deep.equal(['start 1.1.2', 'start 1.2.2']);
    for (const number of [1, 2]) happen(end(`1.${number}.2`, away));
    happen({ what: 'cancel asked', job: 1, by: 'ann' });
    expect([one.state.is, farm.jobs.size]).to.deep.equal(['cancelled', 0]);
  });

  it('is forgotten when no job waits for it any more', () => {
    missing();
    happen({ what: 'cancel asked', job: 1, by: 'ann' });
    expect(wake(1)).to.deep.equal([look]);
    expect(happen(seen(why))).to.deep.equal(['info: host lab1: no job waits for the project /srv/film any more']);
    expect(farm.hosts.get('lab1')?.absences.size).to.equal(0);
  });

  it('that went away under a simulation is told with what that took, and nothing is held against it', () => {
    const one = job(1, [taskPlan(1)], { project: film });
    happen({ what: 'submitted', job: one });
    happen({ what: 'attempt started', attempt: attemptKey('1.1.1'), pid: 9 });
    happen(end('1.1.1', away));
    expect(taskOf(one, 1)).to.deep.include({ failures: 0, lost: 0, state: { is: 'waiting' } });
    expect(taskOf(one, 1).tried.map(({ ended }) => ended)).to.deep.equal(['postponed']);
  });

  it('is tried again at once by a server that has just started, which has lost nothing', async () => {
    const store = memoryStore();
    const one = inFilm(1);
    await store.commit([{ job: one, tasks: 'all' }]);
    const kept = async (happening: Happening) => {
      for (const order of react(farm, happening, 1000))
        if (order.order === 'keep') await store.commit([{ job: order.job, tasks: order.tasks }]);
    };
    await kept({ what: 'submitted', job: one });
    for (const [attempt, outcome] of [
      ['1.1.1', done],
      ['1.2.1', away],
      ['1.3.1', away],
    ] as const)
      await kept(end(attempt, outcome));
    farm = farmOf(await store.loadActive());
    expect(happen(joined())).to.deep.equal(['info: host lab1: joined with 2 slots', 'start 1.2.2', 'start 1.3.2']);
    expect(farm.jobs.get(1)?.tasks.counts).to.include({ done: 1, running: 2, waiting: 6 });
    happen(end('1.2.2', away));
    expect(waitsFor(farm, one)).to.equal(why);
  });
});
