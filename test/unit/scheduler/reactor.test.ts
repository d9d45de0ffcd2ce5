import { expect } from 'chai';
import type { Job } from '../../../src/model/job.ts';
import { attemptKey, attemptText, type Outcome } from '../../../src/model/task.ts';
import { emptyFarm, type FarmState, farmOf } from '../../../src/scheduler/farm.ts';
import type { Happening, Order } from '../../../src/scheduler/messages.ts';
import { busyWith, react } from '../../../src/scheduler/reactor.ts';
import { job, pictureJob, taskPlan } from '../../support/jobs.ts';

const done: Outcome = { is: 'done', results: [], skipped: false, warnings: [] };
const failed: Outcome = { is: 'failed', reason: 'rpict: fatal - no.', exit: 1, signal: null, lastLines: ['no'] };

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
});

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
    expect(picture.tasks.map((task) => task.state.is)).to.deep.equal([
      'done',
      'failed',
      'running',
      'cancelled',
      'waiting',
    ]);
    happen(end('1.3.1', done));
    happen(end('1.5.1', done));
    expect(picture.state).to.include({ is: 'failed', reason: 'rpict: fatal - no.' });
  });

  it('cancels the whole job when its octree fails', () => {
    const { farm, happen } = farmWith(2);
    const picture = pictureJob(1);
    happen({ what: 'submitted', job: picture });
    happen(end('1.1.1', failed));
    expect(picture.tasks.map((task) => task.state.is)).to.deep.equal([
      'failed',
      'cancelled',
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
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
    expect(picture.tasks.map((task) => task.state.is)).to.deep.equal(['failed', 'cancelled']);
    const reason = `The control process (procwrap) of lab1 ended 5 times while ${picture.tasks[0]?.plan.name} ran; it is not tried again.`;
    expect(picture.state).to.include({ is: 'failed', reason });
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
    expect(picture.state.is).to.equal('failed');
  });

  it('goes on after a restart with what its host still runs, and stops there what nobody wants', () => {
    const { happen } = farmWith(2);
    const picture = job(1, [taskPlan(1), taskPlan(2)]);
    happen({ what: 'submitted', job: picture });
    const farm = farmOf([picture]);
    const attempts = [attemptKey('1.1.1'), attemptKey('7.1.1')];
    const orders = react(farm, { what: 'host joined', host: 'lab1', slots: 3, attempts }, 9000).flatMap(deed);
    expect(orders).to.deep.equal(['stop 7.1.1', 'start 1.2.2']);
    expect(picture.tasks.map((task) => task.attempts)).to.deep.equal([1, 2]);
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
    expect(picture.tasks[0]?.state).to.include({ is: 'running', pid: 4711, fraction: 0.5 });
  });

  describe('files that nobody needs any more', () => {
    const raw = (number: number, after: number[]) => taskPlan(number, { after, afterwards: [`${number}.unf`] });
    const stage = () => {
      const farm = emptyFarm();
      const tidied = (happening: Happening): string[] =>
        react(farm, happening, 0).flatMap((order) => (order.order === 'tidy' ? [...order.paths] : []));
      tidied({ what: 'host joined', host: 'lab1', slots: 1, attempts: [] });
      tidied({ what: 'submitted', job: job(1, [taskPlan(1), raw(2, [1]), raw(3, [1])]) });
      return { tidied };
    };

    it('go when their task is done, after that is kept', () => {
      const { tidied } = stage();
      expect(tidied(end('1.1.1', done))).to.deep.equal([]);
      expect(tidied(end('1.2.1', done))).to.deep.equal(['2.unf']);
      expect(tidied(end('1.3.1', done))).to.deep.equal(['3.unf']);
    });

    it('stay while the task may be tried again', () => {
      const { tidied } = stage();
      tidied(end('1.1.1', done));
      expect(tidied(end('1.2.1', { is: 'stopped' }))).to.deep.equal([]);
    });

    it('go with a job that failed, when its last attempt has ended', () => {
      const { tidied } = stage();
      tidied(end('1.1.1', done));
      expect(tidied(end('1.2.1', failed))).to.deep.equal([]);
      expect(tidied(end('1.3.1', done))).to.deep.equal(['3.unf', '2.unf', '3.unf']);
    });

    it('go with a job that was cancelled, when its last attempt has ended', () => {
      const { tidied } = stage();
      tidied(end('1.1.1', done));
      expect(tidied({ what: 'cancel asked', job: 1, by: 'ann' })).to.deep.equal([]);
      expect(tidied(end('1.2.1', { is: 'stopped' }))).to.deep.equal(['2.unf', '3.unf']);
    });
  });

  it('knows which jobs still have to render a picture that another wants', () => {
    const { farm, happen } = farmWith(2);
    happen({ what: 'submitted', job: pictureJob(1) });
    const other: Job = job(2, [taskPlan(1, { holds: ['view:b.hdr'] })]);
    expect(busyWith(farm, other).map((found) => found.id)).to.deep.equal([1]);
    happen(end('1.1.1', done));
    happen(end('1.3.1', done));
    expect(busyWith(farm, other)).to.deep.equal([]);
  });
});
