import { expect } from 'chai';
import type { Job } from '../../../src/model/job.ts';
import { type Ambient, attemptKey, attemptText, type Outcome } from '../../../src/model/task.ts';
import { emptyFarm, type FarmState, farmOf } from '../../../src/scheduler/farm.ts';
import type { Happening, Order } from '../../../src/scheduler/messages.ts';
import { busyWith, react } from '../../../src/scheduler/reactor.ts';
import { commandJob, job, pictureJob, taskOf, taskPlan } from '../../support/jobs.ts';

const done: Outcome = { is: 'done', results: [], skipped: false, warnings: [], usage: null };
const failed: Outcome = {
  is: 'failed',
  reason: 'rpict: fatal - no.',
  exit: 1,
  signal: null,
  lastLines: ['no'],
  usage: null,
};

/** A farm with one host, and a shorthand for what happens to it; each happening takes a second. */
function farmWith(slots: number): { farm: FarmState; happen: (happening: Happening) => string[] } {
  const farm = emptyFarm();
  let now = 0;
  const happen = (happening: Happening) => {
    now += 1000;
    return react(farm, happening, now).flatMap(deed);
  };
  happen({ what: 'host joined', host: 'lab1', slots, attempts: [] });
  return { farm, happen };
}

/** The orders that reach the host. */
function deed(order: Order): string[] {
  return 'attempt' in order ? [`${order.order} ${attemptText(order.attempt)}`] : [];
}

const end = (attempt: string, outcome: Outcome): Happening => ({
  what: 'attempt ended',
  host: 'lab1',
  attempt: attemptKey(attempt),
  outcome,
  milliseconds: 5000,
});

const started = (attempt: string): Happening => ({ what: 'attempt started', attempt: attemptKey(attempt), pid: 9 });

const there = (attempt: string, holds: readonly string[] = []) => ({ key: attemptKey(attempt), holds });

const states = ({ tasks }: Job) =>
  Array.from({ length: tasks.total }, (_, index) => tasks.stateOf(index + 1) as string);

describe('the scheduler', () => {
  it('runs a picture job in order: octree, views on all slots, each filter after its view', () => {
    const { farm, happen } = farmWith(2);
    const picture = pictureJob(1);
    expect(happen({ what: 'submitted', job: picture })).to.deep.equal(['start 1.1.1']);
    expect(happen(end('1.1.1', done))).to.deep.equal(['acknowledge 1.1.1', 'start 1.2.1', 'start 1.3.1']);
    expect(happen(end('1.3.1', done))).to.deep.equal(['acknowledge 1.3.1', 'start 1.5.1']);
    expect(happen(end('1.5.1', done))).to.deep.equal(['acknowledge 1.5.1']);
    expect(happen(end('1.2.1', done))).to.deep.equal(['acknowledge 1.2.1', 'start 1.4.1']);
    expect(happen(end('1.4.1', done))).to.deep.equal(['acknowledge 1.4.1']);
    expect(picture.state).to.deep.equal({ is: 'done', startedAt: 2000, finishedAt: 7000, reason: null });
    expect(farm.jobs.size).to.equal(0);
  });

  it('keeps every move before it acts on it', () => {
    const farm = emptyFarm();
    react(farm, { what: 'host joined', host: 'lab1', slots: 1, attempts: [] }, 0);
    const orders = react(farm, { what: 'submitted', job: pictureJob(1) }, 0).map((order) => order.order);
    expect(orders.indexOf('keep')).to.be.lessThan(orders.indexOf('start'));
  });

  it('serves first come, first served, and a higher priority before', () => {
    const { happen } = farmWith(1);
    happen({ what: 'submitted', job: job(1, [taskPlan(1), taskPlan(2)]) });
    happen({ what: 'submitted', job: job(2, [taskPlan(1)]) });
    happen({ what: 'submitted', job: job(3, [taskPlan(1)], { priority: 5 }) });
    expect(happen(end('1.1.1', done))).to.include('start 3.1.1');
    expect(happen(end('3.1.1', done))).to.include('start 1.2.1');
    expect(happen(end('1.2.1', done))).to.include('start 2.1.1');
  });

  it('never runs two tasks that hold the same file', () => {
    const { happen } = farmWith(4);
    const shared = { holds: ['ambient:room.amb'] };
    expect(happen({ what: 'submitted', job: job(1, [taskPlan(1, shared), taskPlan(2, shared)]) })).to.deep.equal([
      'start 1.1.1',
    ]);
    expect(happen({ what: 'submitted', job: job(2, [taskPlan(1, shared)]) })).to.deep.equal([]);
    expect(happen(end('1.1.1', done))).to.deep.equal(['acknowledge 1.1.1', 'start 1.2.1']);
    expect(happen(end('1.2.1', done))).to.deep.equal(['acknowledge 1.2.1', 'start 2.1.1']);
  });

  it('fails a job with the first reason, cancels what builds on the failed task, lets the rest finish', () => {
    const { happen } = farmWith(2);
    const picture = pictureJob(1);
    happen({ what: 'submitted', job: picture });
    happen(end('1.1.1', done));
    expect(happen(end('1.2.1', failed))).to.deep.equal(['acknowledge 1.2.1']);
    expect(states(picture)).to.deep.equal(['done', 'failed', 'running', 'cancelled', 'waiting']);
    happen(end('1.3.1', done));
    happen(end('1.5.1', done));
    expect(picture.state).to.include({ is: 'failed', reason: 'rpict: fatal - no.' });
  });

  it('cancels the whole job when its octree fails', () => {
    const { farm, happen } = farmWith(2);
    const picture = pictureJob(1);
    happen({ what: 'submitted', job: picture });
    happen(end('1.1.1', failed));
    expect(states(picture)).to.deep.equal(['failed', 'cancelled', 'cancelled', 'cancelled', 'cancelled']);
    expect(picture.state.is).to.equal('failed');
    expect(farm.jobs.size).to.equal(0);
  });

  it('cancels: running attempts are stopped, and keep slot and files until they have ended', () => {
    const { farm, happen } = farmWith(1);
    const picture = job(1, [taskPlan(1, { holds: ['view:a'] }), taskPlan(2)]);
    happen({ what: 'submitted', job: picture });
    expect(happen({ what: 'cancel asked', job: 1, by: 'ann' })).to.deep.equal(['stop 1.1.1']);
    expect(picture.state).to.include({ is: 'cancelled', reason: 'Cancelled by ann.' });
    expect(happen({ what: 'submitted', job: job(2, [taskPlan(1, { holds: ['view:a'] })]) })).to.deep.equal([]);
    expect(happen({ what: 'cancel asked', job: 1, by: 'ann' })).to.deep.equal([]);
    expect(happen(end('1.1.1', { is: 'stopped' }))).to.deep.equal(['acknowledge 1.1.1', 'start 2.1.1']);
    expect([...farm.jobs.keys()]).to.deep.equal([2]);
  });

  it('refuses late results: an attempt that is not the current one changes nothing', () => {
    const { happen } = farmWith(1);
    const picture = job(1, [taskPlan(1)]);
    happen({ what: 'submitted', job: picture });
    happen({ what: 'host left', host: 'lab1' });
    expect(happen({ what: 'host joined', host: 'lab1', slots: 1, attempts: [] })).to.deep.equal(['start 1.1.2']);
    expect(happen(end('1.1.1', failed))).to.deep.equal(['acknowledge 1.1.1']);
    expect(picture.state.is).to.equal('running');
    happen(end('1.1.2', done));
    expect(happen(end('1.1.2', failed))).to.deep.equal(['acknowledge 1.1.2']);
    expect(picture.state.is).to.equal('done');
  });

  describe('whose ambient file was damaged', () => {
    const damaged: Outcome = { ...failed, reason: 'The ambient file lost records.', damaged: true };
    const warning = 'In attempt 1 the ambient file was damaged, or its octree was replaced; this was done again.';
    const begun = (retries: number) => {
      const { happen } = farmWith(2);
      const plans = [taskPlan(1, { step: 'overture' }), taskPlan(2, { after: [1] }), taskPlan(3, { after: [1] })];
      const picture = job(1, plans, { limits: { retries, seconds: null, progressSeconds: null } });
      happen({ what: 'submitted', job: picture });
      happen(end('1.1.1', done));
      return { happen, picture };
    };
    it('is done once more, whatever the retries, after what fills the file', () => {
      const { happen, picture } = begun(0);
      expect(happen(end('1.2.1', damaged))).to.deep.equal(['acknowledge 1.2.1', 'start 1.1.2']);
      expect(states(picture)).to.deep.equal(['running', 'waiting', 'running']);
      expect(happen(end('1.1.2', done))).to.deep.equal(['acknowledge 1.1.2', 'start 1.2.2']);
      happen(end('1.3.1', done));
      happen(end('1.2.2', { ...done, warnings: ['w'] }));
      expect(picture.state.is).to.equal('done');
      expect(taskOf(picture, 2).state).to.deep.include({ warnings: ['w', warning] });
      expect(taskOf(picture, 2).tried.map(({ ended }) => ended)).to.deep.equal(['damaged', 'done']);
      expect(taskOf(picture, 2).failures).to.equal(0);
    });
    it('fills the file once for two that lost it', () => {
      const { happen, picture } = begun(0);
      happen(end('1.2.1', damaged));
      expect(happen(end('1.3.1', damaged))).to.deep.equal(['acknowledge 1.3.1']);
      expect(states(picture)).to.deep.equal(['running', 'waiting', 'waiting']);
      expect(happen(end('1.1.2', done))).to.deep.equal(['acknowledge 1.1.2', 'start 1.2.2', 'start 1.3.2']);
    });
    for (const retries of [0, 100]) {
      it(`fails when it is damaged again, with ${retries} retries`, () => {
        const { happen, picture } = begun(retries);
        happen(end('1.2.1', { ...damaged, signal: 'SIGKILL' }));
        happen(end('1.1.2', done));
        happen(end('1.2.2', { ...damaged, signal: 'SIGKILL' }));
        expect(states(picture)).to.deep.equal(['done', 'failed', 'running']);
        happen(end('1.3.1', done));
        expect(picture.state).to.include({
          is: 'failed',
          reason: 'The ambient file lost records. It was done again once already.',
        });
      });
    }
    it('is not forgotten however often it is tried', () => {
      const { happen, picture } = begun(100);
      happen(end('1.2.1', damaged));
      happen(end('1.1.2', done));
      happen(end('1.3.1', done));
      for (let attempt = 2; attempt < 30; attempt++) happen(end(`1.2.${attempt}`, { ...failed, signal: 'SIGKILL' }));
      expect(taskOf(picture, 2).tried).to.have.lengthOf(10);
      happen(end('1.2.30', damaged));
      expect(states(picture)).to.deep.equal(['done', 'failed', 'done']);
    });
  });

  const lostFiveTimes =
    'The control process of lab1 (procwrap or its spawner) ended 5 times while room.v1 ran; it is not tried again.';

  it('gives a task up whose attempts are lost five times, and says so', () => {
    const { farm, happen } = farmWith(1);
    const picture = job(1, [taskPlan(1), taskPlan(2, { after: [1] })]);
    happen({ what: 'submitted', job: picture });
    for (let attempt = 2; attempt <= 5; attempt++) {
      happen({ what: 'host left', host: 'lab1' });
      const joined = happen({ what: 'host joined', host: 'lab1', slots: 1, attempts: [] });
      expect(joined).to.deep.equal([`start 1.1.${attempt}`]);
    }
    happen({ what: 'host left', host: 'lab1' });
    expect(happen({ what: 'host joined', host: 'lab1', slots: 1, attempts: [] })).to.deep.equal([]);
    expect(states(picture)).to.deep.equal(['failed', 'cancelled']);
    expect(picture.state).to.include({ is: 'failed', reason: lostFiveTimes });
    expect(farm.jobs.size).to.equal(0);
  });

  it('gives a task up that is stopped five times on its host, though nobody asked for it', () => {
    const { happen } = farmWith(1);
    const picture = job(1, [taskPlan(1)]);
    happen({ what: 'submitted', job: picture });
    for (let attempt = 1; attempt < 5; attempt++) {
      expect(happen(end(`1.1.${attempt}`, { is: 'stopped' }))).to.include(`start 1.1.${attempt + 1}`);
    }
    expect(happen(end('1.1.5', { is: 'stopped' }))).to.deep.equal(['acknowledge 1.1.5']);
    // Its spawner was killed each time, for all that is known.
    expect(picture.state).to.include({ is: 'failed', reason: lostFiveTimes });
  });

  it('counts only losses one after another: an attempt that ended by itself says that its host can bear the task', () => {
    const { happen } = farmWith(1);
    const killed: Outcome = { ...failed, exit: null, signal: 'SIGKILL' } as Outcome;
    const limits = { retries: 9, seconds: null, progressSeconds: null };
    const picture = job(1, [taskPlan(1)], { limits });
    happen({ what: 'submitted', job: picture });
    for (let attempt = 1; attempt <= 12; attempt++) {
      const outcome: Outcome = attempt % 4 === 0 ? killed : { is: 'stopped' };
      expect(happen(end(`1.1.${attempt}`, outcome))).to.include(`start 1.1.${attempt + 1}`);
    }
  });

  it('lets a job rest for its time, also when the clock was set back, and is woken once for each that rests', () => {
    const farm = emptyFarm();
    const wakes = (happening: Happening, now: number) =>
      react(farm, happening, now).flatMap((order) => (order.order === 'wake' ? [order.wake] : []));
    wakes({ what: 'host joined', host: 'lab1', slots: 3, attempts: [] }, 100_000);
    for (const id of [1, 2, 3]) wakes({ what: 'submitted', job: job(id, [taskPlan(1)]) }, 100_000);
    const full: Outcome = { is: 'postponed', reason: 'Full.' };
    const first = [1, 2, 3].flatMap((id) => wakes(end(`${id}.1.1`, full), 100_000 + id));
    expect(first).to.deep.equal([1, 2, 3]);
    expect(react(farm, { what: 'time passed', wake: 2 }, 50_000).flatMap(deed)).to.deep.equal(['start 2.1.2']);
    expect(wakes({ what: 'time passed', wake: 2 }, 900_000)).to.deep.equal([]);
    expect(wakes(end('2.1.2', full), 50_001)).to.deep.equal([4]);
  });

  it('goes on after a restart with what its host still runs, and stops there what nobody wants', () => {
    const { happen } = farmWith(2);
    const picture = job(1, [taskPlan(1), taskPlan(2)]);
    happen({ what: 'submitted', job: picture });
    const farm = farmOf([picture]);
    const attempts = [there('1.1.1'), there('7.1.1')];
    const orders = react(farm, { what: 'host joined', host: 'lab1', slots: 3, attempts }, 9000).flatMap(deed);
    expect(orders).to.deep.equal(['resume 1.1.1', 'stop 7.1.1', 'start 1.2.2']);
    expect([1, 2].map((number) => taskOf(picture, number).attempts)).to.deep.equal([1, 2]);
  });

  it('starts nothing on a host whose connection is lost', () => {
    const { happen } = farmWith(1);
    happen({ what: 'host left', host: 'lab1' });
    expect(happen({ what: 'submitted', job: pictureJob(1) })).to.deep.equal([]);
  });

  it('keeps progress rising, and the pid of the simulation', () => {
    const { happen } = farmWith(1);
    const picture = job(1, [taskPlan(1)]);
    happen({ what: 'submitted', job: picture });
    happen({ what: 'attempt started', attempt: attemptKey('1.1.1'), pid: 4711 });
    happen({ what: 'attempt progressed', attempt: attemptKey('1.1.1'), fraction: 0.5 });
    happen({ what: 'attempt progressed', attempt: attemptKey('1.1.1'), fraction: 0.4 });
    expect(taskOf(picture, 1).state).to.include({ is: 'running', pid: 4711, fraction: 0.5 });
  });

  describe('files that nobody needs any more', () => {
    const raw = (number: number, after: number[]) =>
      taskPlan(number, { after, afterwards: [`${number}.unf`], litter: [`${number}.part`], name: `v${number}` });
    const stage = () => {
      const farm = emptyFarm();
      const tidied = (happening: Happening): string[] =>
        react(farm, happening, 0).flatMap((order) => (order.order === 'tidy' ? [...order.paths] : []));
      tidied({ what: 'host joined', host: 'lab1', slots: 1, attempts: [] });
      tidied({ what: 'submitted', job: job(1, [taskPlan(1), raw(2, [1]), raw(3, [1]), raw(4, [2])]) });
      return { tidied };
    };

    it('of a task that is done are removed by its host', () => {
      const { tidied } = stage();
      expect(tidied(end('1.1.1', done))).to.deep.equal([]);
      expect(tidied(end('1.2.1', done))).to.deep.equal([]);
    });

    it('are named with what their task holds, which others may make by then', () => {
      const { farm, happen } = farmWith(1);
      happen({
        what: 'submitted',
        job: job(1, [
          taskPlan(1),
          taskPlan(2, { after: [1], holds: ['view:2'], afterwards: ['2.unf'] }),
          taskPlan(3, { after: [1], afterwards: ['3.unf'] }),
          taskPlan(4, { after: [1], afterwards: ['4.unf'] }),
        ]),
      });
      const orders = react(farm, { what: 'cancel asked', job: 1, by: 'ann' }, 0);
      const found = orders.flatMap((order) => (order.order === 'tidy' ? [[order.holds, order.paths]] : []));
      expect(found).to.deep.equal([
        [['view:2'], ['2.unf']],
        [[], ['3.unf', '4.unf']],
      ]);
    });

    it('stay while the task may be tried again', () => {
      const { tidied } = stage();
      tidied(end('1.1.1', done));
      expect(tidied(end('1.2.1', { is: 'stopped' }))).to.deep.equal([]);
    });

    it('of a task that failed and of those that need it go at once: the next job may make them', () => {
      const { tidied } = stage();
      tidied(end('1.1.1', done));
      expect(tidied(end('1.2.1', failed))).to.deep.equal(['4.unf', '2.unf', '2.part', 'proc/v2.pid']);
      expect(tidied(end('1.3.1', done))).to.deep.equal([]);
    });

    it('of a cancelled job go at once, where an attempt runs when that has ended', () => {
      const { tidied } = stage();
      tidied(end('1.1.1', done));
      expect(tidied({ what: 'cancel asked', job: 1, by: 'ann' })).to.deep.equal(['3.unf', '4.unf']);
      expect(tidied(end('1.2.1', { is: 'stopped' }))).to.deep.equal(['2.unf', '2.part', 'proc/v2.pid']);
    });

    it('of lost attempts go with their job, pid files and half pictures too', () => {
      const { tidied } = stage();
      tidied(end('1.1.1', done));
      tidied(end('1.2.1', { is: 'stopped' }));
      tidied({ what: 'pause asked', job: 1, by: 'ann' });
      tidied(end('1.2.2', { is: 'stopped' }));
      expect(tidied({ what: 'cancel asked', job: 1, by: 'ann' })).to.deep.equal([
        '2.unf',
        '2.part',
        'proc/v2.pid',
        '3.unf',
        '4.unf',
      ]);
    });

    it('are ambient files of simulations that had one for themselves and were killed with their procwrap', () => {
      const { farm, happen } = farmWith(1);
      const plan = taskPlan(1);
      const ambient: Ambient = {
        path: null,
        octree: 'a.oct',
        inputs: [],
        use: 'private',
        filledBy: null,
        onlyCold: false,
      };
      const deeds = plan.deeds.map((one) => (one.do === 'run' ? { ...one, ambient } : one));
      happen({ what: 'submitted', job: job(1, [{ ...plan, deeds }]) });
      happen(end('1.1.1', { is: 'stopped' }));
      happen({ what: 'cancel asked', job: 1, by: 'ann' });
      const paths = react(farm, end('1.1.2', { is: 'stopped' }), 9000).flatMap((order) =>
        order.order === 'tidy' ? order.paths : [],
      );
      expect(paths).to.deep.equal(['proc/1.1.1.own', 'proc/1.1.2.own', 'proc/room.v1.pid']);
    });

    it('are the pid files of cancelled frames whose procwrap was killed before it had ended them', () => {
      const { farm, happen } = farmWith(2);
      happen({ what: 'submitted', job: commandJob(1, { frames: '7-9' }) });
      happen({ what: 'cancel asked', job: 1, by: 'ann' });
      happen({ what: 'host left', host: 'lab1' });
      const orders = react(farm, { what: 'host joined', host: 'lab1', slots: 2, attempts: [there('1.2.1')] }, 9000);
      const paths = orders.flatMap((order) => (order.order === 'tidy' ? order.paths : []));
      expect(paths).to.deep.equal(['proc/povray-1.0007.pid']);
    });

    it('are the pid files of lost attempts also where the next one was cancelled before it had begun', () => {
      const { farm, happen } = farmWith(1);
      happen({ what: 'submitted', job: commandJob(1, { frames: '7-9' }) });
      happen(end('1.1.1', { is: 'stopped' }));
      happen({ what: 'cancel asked', job: 1, by: 'ann' });
      const paths = (happening: Happening) =>
        react(farm, happening, 9000).flatMap((order) => (order.order === 'tidy' ? order.paths : []));
      expect(paths(end('1.1.2', { is: 'stopped' }))).to.deep.equal(['proc/povray-1.0007.pid']);
    });

    it('are removed again when a server starts: the last one may have died before its host had done it', () => {
      const first = job(1, [taskPlan(1, { afterwards: ['a.unf'] }), taskPlan(2)]);
      const { happen } = farmWith(1);
      happen({ what: 'submitted', job: first });
      happen(end('1.1.1', done));
      const joined = { what: 'host joined', host: 'lab1', slots: 1, attempts: [there('1.2.1')] } as const;
      const again = farmOf([first]);
      const orders = () => react(again, joined, 9).flatMap((order) => (order.order === 'tidy' ? order.paths : []));
      expect(orders()).to.deep.equal(['a.unf']);
      expect(orders()).to.deep.equal([]);
    });
  });

  it('lets a job rest that finds no room, tells why, and goes on after some time', () => {
    const farm = emptyFarm();
    let now = 0;
    const orders = (happening: Happening, later: number) => {
      now += later;
      return react(farm, happening, now).flatMap((order) =>
        order.order === 'wake' ? [`wake ${order.milliseconds}`] : deed(order),
      );
    };
    orders({ what: 'host joined', host: 'lab1', slots: 1, attempts: [] }, 0);
    const full = job(1, [taskPlan(1)]);
    orders({ what: 'submitted', job: full }, 0);
    const postponed: Outcome = { is: 'postponed', reason: 'The disk is full.' };
    expect(orders(end('1.1.1', postponed), 10)).to.deep.equal(['wake 5000', 'acknowledge 1.1.1']);
    expect(farm.resting.get(1)?.why).to.equal('The disk is full. It goes on when there is room.');
    expect(taskOf(full, 1)).to.deep.include({ failures: 0, lost: 0, state: { is: 'waiting' } });
    expect(orders({ what: 'submitted', job: job(2, [taskPlan(1)]) }, 1)).to.deep.equal(['start 2.1.1']);
    expect(orders(end('2.1.1', done), 4998)).to.deep.equal(['acknowledge 2.1.1']);
    expect(orders({ what: 'time passed', wake: 1 }, 1)).to.deep.equal(['start 1.1.2']);
    orders(end('1.1.2', done), 1);
    expect([full.state.is, farm.resting.size]).to.deep.equal(['done', 0]);
  });

  it('lets a job rest while others make what it would, and counts nothing for that', () => {
    const { farm, happen } = farmWith(1);
    const waits = job(1, [taskPlan(1)]);
    happen({ what: 'submitted', job: waits });
    const others: Outcome = { is: 'postponed', reason: 'Others make it.', awaits: 'others' };
    const text = (orders: Order[]) => orders.flatMap((order) => (order.order === 'log' ? [order.text] : []));
    const logged = [1, 2].map((attempt) => {
      const said = text(react(farm, end(`1.1.${attempt}`, others), 10));
      happen({ what: 'time passed', wake: farm.resting.get(1)?.wake ?? 0 });
      return said;
    });
    expect(logged[0]).to.deep.equal(['job 1 task 1 (room.v1): running > waiting (Others make it.)']);
    expect(farm.resting.get(1)?.why).to.equal('Others make it.');
    expect(taskOf(waits, 1)).to.deep.include({ attempts: 3, failures: 0, lost: 0, tried: [] });
    happen(end('1.1.3', done));
    expect([waits.state.is, farm.resting.size]).to.deep.equal(['done', 0]);
  });

  it('knows which jobs still have to render a picture that another wants', () => {
    const { farm, happen } = farmWith(2);
    happen({ what: 'submitted', job: pictureJob(1) });
    const wanted = [taskPlan(1, { holds: ['view:b.hdr'] })];
    expect(busyWith(farm, null, wanted).map((found) => found.id)).to.deep.equal([1]);
    expect(busyWith(farm, 1, wanted)).to.deep.equal([]);
    happen(end('1.1.1', done));
    happen(end('1.3.1', done));
    expect(busyWith(farm, null, wanted)).to.deep.equal([]);
  });

  describe('frames', () => {
    it('run in the order named, on all slots, and end the job together', () => {
      const { happen } = farmWith(2);
      const frames = commandJob(1, { frames: '3,1-2' });
      expect(happen({ what: 'submitted', job: frames })).to.deep.equal(['start 1.1.1', 'start 1.2.1']);
      expect(happen(end('1.2.1', done))).to.deep.equal(['acknowledge 1.2.1', 'start 1.3.1']);
      happen(end('1.1.1', done));
      happen(end('1.3.1', done));
      expect(frames.state.is).to.equal('done');
      expect(frames.tasks.counts).to.include({ total: 3, done: 3 });
    });

    it('that fail are tried again as often as the job says, and then named', () => {
      const { happen } = farmWith(1);
      const frames = commandJob(
        1,
        { frames: '10-12' },
        { limits: { retries: 1, seconds: null, progressSeconds: null } },
      );
      happen({ what: 'submitted', job: frames });
      expect(happen(end('1.1.1', failed))).to.deep.equal(['acknowledge 1.1.1', 'start 1.1.2']);
      expect(happen(end('1.1.2', failed))).to.deep.equal(['acknowledge 1.1.2', 'start 1.2.1']);
      happen(end('1.2.1', done));
      happen(end('1.3.1', failed));
      happen(end('1.3.2', failed));
      const reason = '2 of 3 frames failed: frames 10, 12. The first: rpict: fatal - no.';
      expect(frames.state).to.include({ is: 'failed', reason });
    });

    it('are never more at a time than the job allows', () => {
      const { happen } = farmWith(4);
      expect(happen({ what: 'submitted', job: commandJob(1, { slots: 1 }) })).to.deep.equal(['start 1.1.1']);
      expect(happen({ what: 'submitted', job: commandJob(2, { frames: null }) })).to.deep.equal(['start 2.1.1']);
      expect(happen(end('1.1.1', done))).to.include('start 1.2.1');
    });

    it('that take no time are given ahead, and taken back for a job that comes before', () => {
      const { happen } = farmWith(1);
      happen({ what: 'submitted', job: commandJob(1, { frames: '1-100' }) });
      const quick = { ...end('1.1.1', done), milliseconds: 25 } as Happening;
      expect(happen(quick)).to.deep.equal([
        'acknowledge 1.1.1',
        ...[2, 3, 4, 5, 6].map((number) => `start 1.${number}.1`),
      ]);
      happen({ what: 'attempt started', attempt: attemptKey('1.2.1'), pid: 9 });
      const urgent = commandJob(2, { frames: null }, { priority: 1 });
      expect(happen({ what: 'submitted', job: urgent })).to.deep.equal(
        [3, 4, 5, 6].map((number) => `withdraw 1.${number}.1`),
      );
      for (const number of [3, 4, 5, 6]) happen(end(`1.${number}.1`, { is: 'withdrawn' }));
      expect(happen(end('1.2.1', done))).to.include('start 2.1.1');
      expect(happen(end('2.1.1', done))).to.include('start 1.3.2');
    });
  });

  describe('pause', () => {
    it('stops what runs and frees its slot, and resume lets it go on before anything new', () => {
      const { happen } = farmWith(1);
      const first = job(1, [taskPlan(1, { holds: ['view:a'] }), taskPlan(2)]);
      happen({ what: 'submitted', job: first });
      happen({ what: 'submitted', job: job(2, [taskPlan(1, { holds: ['view:a'] }), taskPlan(2)]) });
      expect(happen({ what: 'pause asked', job: 1, by: 'ann' })).to.deep.equal(['pause 1.1.1', 'start 2.2.1']);
      expect([first.state.is, ...states(first)]).to.deep.equal(['paused', 'paused', 'waiting']);
      expect(happen({ what: 'resume asked', job: 1, by: 'ann' })).to.deep.equal([]);
      expect(happen(end('2.2.1', done))).to.deep.equal(['acknowledge 2.2.1', 'resume 1.1.1']);
      expect([first.state.is, ...states(first)]).to.deep.equal(['running', 'running', 'waiting']);
      expect(first.state).to.deep.equal({ is: 'running', startedAt: 2000 });
    });

    it('takes back what was given ahead', () => {
      const { happen } = farmWith(1);
      const frames = commandJob(1);
      happen({ what: 'submitted', job: frames });
      expect(happen({ what: 'pause asked', job: 1, by: 'ann' })).to.deep.equal(['withdraw 1.1.1']);
      expect(happen(end('1.1.1', { is: 'withdrawn' }))).to.deep.equal(['acknowledge 1.1.1']);
      expect([frames.state.is, frames.tasks.counts.waiting]).to.deep.equal(['paused', 5]);
      expect(happen({ what: 'resume asked', job: 1, by: 'ann' })).to.deep.equal(['start 1.1.2']);
    });

    it('lasts over the loss of the connection, and ends with cancel', () => {
      const { happen } = farmWith(1);
      happen({ what: 'submitted', job: job(1, [taskPlan(1)]) });
      happen({ what: 'pause asked', job: 1, by: 'ann' });
      happen({ what: 'host left', host: 'lab1' });
      const attempts = [there('1.1.1')];
      expect(happen({ what: 'host joined', host: 'lab1', slots: 1, attempts })).to.deep.equal(['pause 1.1.1']);
      expect(happen({ what: 'cancel asked', job: 1, by: 'ann' })).to.deep.equal(['stop 1.1.1']);
    });

    it('of what was given ahead and has begun stops that as soon as it is heard of, and its slot goes to others', () => {
      const { farm, happen } = farmWith(1);
      const frames = commandJob(1);
      happen({ what: 'submitted', job: frames });
      happen({ what: 'submitted', job: commandJob(2) });
      expect(happen({ what: 'pause asked', job: 1, by: 'ann' })).to.deep.equal(['withdraw 1.1.1']);
      const orders = happen(started('1.1.1'));
      expect(orders).to.deep.equal(['pause 1.1.1', 'start 2.1.1']);
      expect(states(frames)[0]).to.equal('paused');
      expect(happen(started('1.1.1')), 'told again').to.deep.equal([]);
      happen({ what: 'resume asked', job: 1, by: 'ann' });
      expect(happen(end('2.1.1', done))).to.deep.equal(['acknowledge 2.1.1', 'resume 1.1.1']);
      expect(happen(end('1.1.1', done))).to.include('acknowledge 1.1.1');
      expect([frames.tasks.stateOf(1), farm.hosts.get('lab1')?.paused]).to.deep.equal(['done', 0]);
    });

    it('of what was given ahead is undone by resume: what has begun meanwhile goes on, and may be withdrawn no more', () => {
      const { happen } = farmWith(1);
      const frames = commandJob(1, { frames: null });
      happen({ what: 'submitted', job: frames });
      happen({ what: 'pause asked', job: 1, by: 'ann' });
      expect(happen({ what: 'resume asked', job: 1, by: 'ann' })).to.deep.equal([]);
      expect(happen(started('1.1.1'))).to.deep.equal([]);
      expect(happen({ what: 'pause asked', job: 1, by: 'ann' })).to.deep.equal(['pause 1.1.1']);
    });

    it('is carried out by the next server, too, which does not know what its host was told', () => {
      const { happen } = farmWith(1);
      const frames = commandJob(1);
      happen({ what: 'submitted', job: frames });
      happen({ what: 'pause asked', job: 1, by: 'ann' });
      const farm = farmOf([frames]);
      const joined = { what: 'host joined', host: 'lab1', slots: 1, attempts: [there('1.1.1')] } as const;
      expect(react(farm, joined, 9000).flatMap(deed)).to.deep.equal(['withdraw 1.1.1']);
      expect(react(farm, started('1.1.1'), 9001).flatMap(deed)).to.deep.equal(['pause 1.1.1']);
    });

    it('of a task that was ending anyway lets it end', () => {
      const { happen } = farmWith(1);
      const only = job(1, [taskPlan(1)]);
      happen({ what: 'submitted', job: only });
      happen({ what: 'pause asked', job: 1, by: 'ann' });
      happen(end('1.1.1', done));
      expect(only.state.is).to.equal('done');
    });
  });

  describe('a withdrawal', () => {
    /** One slot, frame 1 done in no time, five frames given ahead, of which the host has said nothing. */
    const ahead = (slots = 1) => {
      const stage = farmWith(slots);
      const frames = commandJob(1, { frames: '1-100' });
      stage.happen({ what: 'submitted', job: frames });
      stage.happen({ ...end('1.1.1', done), milliseconds: 25 } as Happening);
      return { ...stage, frames };
    };
    const urgent = (id: number): Happening => ({
      what: 'submitted',
      job: commandJob(id, { frames: null }, { priority: 1 }),
    });

    it('is ignored by its host for what has begun: that goes on, and its end counts', () => {
      const { happen, frames } = ahead();
      expect(happen(urgent(2))).to.include('withdraw 1.2.1');
      expect(happen(started('1.2.1'))).to.deep.equal([]);
      expect(happen(end('1.3.1', { is: 'withdrawn' }))).to.deep.equal(['acknowledge 1.3.1']);
      expect(happen(end('1.2.1', done))).to.include('acknowledge 1.2.1');
      expect([frames.tasks.stateOf(2), frames.tasks.stateOf(3)]).to.deep.equal(['done', 'waiting']);
    });

    it('that came too late is no pardon for an attempt that fails or is lost', () => {
      const { happen, frames } = ahead();
      happen(urgent(2));
      happen(end('1.2.1', { is: 'stopped' }));
      happen(end('1.3.1', failed));
      const [lost, second] = [taskOf(frames, 2), taskOf(frames, 3)];
      expect([lost.lost, lost.tried.map(({ ended }) => ended)]).to.deep.equal([1, ['lost']]);
      expect([second.failures, second.tried.map(({ ended }) => ended)]).to.deep.equal([1, ['failed']]);
    });

    it('whose end is told to the next server counts for nothing', () => {
      const { happen, frames } = ahead();
      happen(urgent(2));
      const farm = farmOf([frames]);
      const attempts = [2, 3, 4, 5, 6].map((number) => there(`1.${number}.1`));
      react(farm, { what: 'host joined', host: 'lab1', slots: 1, attempts }, 9000);
      react(farm, end('1.2.1', { is: 'withdrawn' }), 9001);
      expect(taskOf(frames, 2)).to.deep.include({ failures: 0, lost: 0, tried: [] });
    });

    it('is repeated when its host joins again, and what the host never got waits again', () => {
      const { happen, frames } = ahead();
      happen(urgent(2));
      happen({ what: 'host left', host: 'lab1' });
      const attempts = [2, 3, 4].map((number) => there(`1.${number}.1`));
      const orders = happen({ what: 'host joined', host: 'lab1', slots: 1, attempts });
      expect(orders).to.deep.equal(['withdraw 1.2.1', 'withdraw 1.3.1', 'withdraw 1.4.1']);
      expect(taskOf(frames, 5)).to.deep.include({ lost: 0, tried: [], state: { is: 'waiting' } });
    });

    it('is followed by a stop when the job is cancelled, for it may be ignored', () => {
      const { happen } = ahead();
      happen(urgent(2));
      expect(happen({ what: 'cancel asked', job: 1, by: 'ann' })).to.include('stop 1.2.1');
      expect(happen(started('1.2.1'))).to.deep.equal([]);
    });

    it('does not end the rest of a job that waits for room', () => {
      const { farm, happen } = ahead();
      happen(urgent(2));
      happen(end('1.2.1', { is: 'postponed', reason: 'The disk is full.' }));
      happen(end('1.3.1', { is: 'withdrawn' }));
      expect([...farm.resting.keys()]).to.deep.equal([1]);
    });
  });

  describe('a job that ended before the server did', () => {
    it('keeps its files until its host has ended it', () => {
      const farm = emptyFarm();
      const attempts = [there('7.1.1', ['view:a'])];
      const orders = (happening: Happening) => react(farm, happening, 0).flatMap(deed);
      expect(orders({ what: 'host joined', host: 'lab1', slots: 2, attempts })).to.deep.equal(['stop 7.1.1']);
      expect(orders({ what: 'submitted', job: job(8, [taskPlan(1, { holds: ['view:a'] })]) })).to.deep.equal([]);
      expect(orders(end('7.1.1', { is: 'stopped' }))).to.deep.equal(['acknowledge 7.1.1', 'start 8.1.1']);
    });
  });

  describe('retry', () => {
    it('does what failed or was cancelled again, with new numbers, and what that needs', () => {
      const { farm, happen } = farmWith(2);
      const picture = job(1, [taskPlan(1), taskPlan(2, { after: [1], afterwards: ['a.unf'] }), taskPlan(3)]);
      happen({ what: 'submitted', job: picture });
      happen(end('1.1.1', done));
      happen(end('1.2.1', failed));
      happen(end('1.3.1', done));
      expect([picture.state.is, farm.jobs.size]).to.deep.equal(['failed', 0]);
      expect(happen({ what: 'retry asked', job: picture, by: 'ann' })).to.deep.equal(['start 1.1.2']);
      expect(states(picture)).to.deep.equal(['running', 'waiting', 'done']);
      expect(happen(end('1.1.2', done))).to.include('start 1.2.2');
      happen(end('1.2.2', done));
      expect(picture.state.is).to.equal('done');
    });

    it('waits until the last attempt of a frame has ended: none runs twice at a time', () => {
      const { happen } = farmWith(2);
      const frames = commandJob(1, { frames: '1-2' });
      happen({ what: 'submitted', job: frames });
      happen({ what: 'cancel asked', job: 1, by: 'ann' });
      happen(end('1.2.1', { is: 'stopped' }));
      expect(happen({ what: 'retry asked', job: frames, by: 'ann' })).to.deep.equal([]);
      expect(happen(end('1.1.1', { is: 'stopped' }))).to.deep.equal([
        'acknowledge 1.1.1',
        'start 1.1.2',
        'start 1.2.2',
      ]);
    });

    it('of a cancelled job runs the frames that are left', () => {
      const { happen } = farmWith(1);
      const frames = commandJob(1, { frames: '1-3' });
      happen({ what: 'submitted', job: frames });
      happen(end('1.1.1', done));
      happen({ what: 'cancel asked', job: 1, by: 'ann' });
      happen(end('1.2.1', { is: 'stopped' }));
      expect(frames.tasks.counts).to.include({ done: 1, cancelled: 2 });
      expect(happen({ what: 'retry asked', job: frames, by: 'ann' })).to.deep.equal(['start 1.2.2']);
    });
  });

  it('tries a picture again that a signal ended, and not one that failed by itself', () => {
    const { happen } = farmWith(1);
    const killed: Outcome = { ...failed, exit: null, signal: 'SIGKILL' } as Outcome;
    happen({ what: 'submitted', job: job(1, [taskPlan(1)]) });
    expect(happen(end('1.1.1', killed))).to.include('start 1.1.2');
    expect(happen(end('1.1.2', failed))).to.not.include('start 1.1.3');
  });

  it('does not count losses of attempts that came further each time', () => {
    const { happen } = farmWith(1);
    const picture = job(1, [taskPlan(1)]);
    happen({ what: 'submitted', job: picture });
    for (let attempt = 1; attempt <= 20; attempt++) {
      happen({ what: 'attempt progressed', attempt: attemptKey(`1.1.${attempt}`), fraction: attempt / 25 });
      expect(happen(end(`1.1.${attempt}`, { is: 'stopped' }))).to.include(`start 1.1.${attempt + 1}`);
    }
    expect(taskOf(picture, 1).tried).to.have.length(10);
  });
});
