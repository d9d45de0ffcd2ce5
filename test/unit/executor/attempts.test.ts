import { expect } from 'chai';
import { Attempts, type Signs } from '../../../src/executor/attempts.ts';
import type { Assignment } from '../../../src/executor/simulation.ts';
import { SimulationLog } from '../../../src/executor/simulation-log.ts';
import type { Turn } from '../../../src/executor/turn.ts';
import type { Outcome } from '../../../src/model/task.ts';
import { HandClock, noLimits } from '../../support/executor.ts';
import { taskPlan } from '../../support/jobs.ts';

const done: Outcome = { is: 'done', results: [], skipped: false, warnings: [], usage: null };
const stopped: Outcome = { is: 'stopped' };
const project = { location: null, root: '/', rest: 'nowhere', path: '/nowhere' };
const job = { name: 'room', user: 'ann', project, limits: noLimits };
const pass = () => new Promise((settle) => setImmediate(settle));

describe('attempts on a host', () => {
  let clock: HandClock;
  let attempts: Attempts;
  /** What was done to simulations, and what was told. */
  let events: string[];
  let log: string[];
  let lives: Map<string, { end: (outcome: Outcome) => void; signs: Signs; turn: Turn }>;
  const said = () => events.splice(0);
  const logs = new SimulationLog(() => 0, 0);
  const start = (...names: string[]) => {
    for (const attempt of names)
      attempts.start({ attempt, task: taskPlan(1, { name: `log.${attempt}`, holds: ['view:a'] }), job });
  };
  const end = async (name: string, outcome: Outcome = done) => {
    lives.get(name)?.end(outcome);
    await pass();
  };
  const begin = ({ attempt }: Assignment, signs: Signs, turn: Turn) => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    lives.set(attempt, { end: resolve, signs, turn });
    turn.waitAt((what) => events.push(`${what} ${attempt}`));
    const note = (what: string) => () => events.push(`${what} ${attempt}`);
    return {
      live: () => {
        events.push(`${turn.isCome ? 'begin' : 'ready'} ${attempt}`);
        return promise;
      },
      stop: note('stop'),
      pause: note('pause'),
      resume: note('resume'),
      log: logs,
    };
  };

  beforeEach(() => {
    clock = new HandClock();
    [events, log, lives] = [[], [], new Map()];
    attempts = attemptsOf(1);
    attempts.setSlots(2);
  });

  const attemptsOf = (readyPerSlot: number) =>
    new Attempts({
      clock,
      readyPerSlot,
      log: (_, text) => log.push(text),
      reports: {
        started: (attempt, pid) => events.push(`started ${attempt} ${pid}`),
        progressed: (attempt, fraction) => events.push(`progressed ${attempt} ${fraction}`),
        ended: ({ attempt, outcome, milliseconds }) => events.push(`ended ${attempt} ${outcome.is} ${milliseconds}`),
      },
      begin,
      tidy: (_project, paths) => events.push(`tidy ${paths.join(' ')}`),
      release: (attempt, keeps) => events.push(`${keeps ? 'keep' : 'release'} ${attempt}`),
      changed: () => {},
    });

  it('get slots in the order in which they came', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1');
    expect(said()).to.deep.equal(['begin 1.1.1', 'begin 1.2.1']);
    clock.pass(70);
    await end('1.2.1');
    expect(said()).to.deep.equal(['ended 1.2.1 done 70', 'begin 1.3.1']);
    await end('1.1.1', { is: 'failed', reason: 'Why.', exit: 1, signal: null, lastLines: [], usage: null });
    expect(said()).to.deep.equal(['ended 1.1.1 failed 70', 'begin 1.4.1']);
    expect(log).to.deep.equal([
      'attempt 1.2.1 (/nowhere, log.1.2.1): done',
      'attempt 1.1.1 (/nowhere, log.1.1.1): failed: Why.',
    ]);
  });

  it('begin when there are more slots, and none is ended when there are fewer', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1', '1.5.1');
    said();
    attempts.setSlots(3);
    expect(said()).to.deep.equal(['begin 1.3.1']);
    attempts.setSlots(1);
    await end('1.1.1');
    await end('1.2.1');
    expect(said()).to.deep.equal(['ended 1.1.1 done 0', 'ended 1.2.1 done 0']);
    await end('1.3.1');
    expect(said()).to.deep.equal(['ended 1.3.1 done 0', 'begin 1.4.1']);
  });

  it('give up what they made when their end is on disk and tidied; a picture is kept for its filter', async () => {
    const rename = { do: 'rename', from: 'a.part', to: 'a.oct' } as const;
    const plans = [
      taskPlan(1, { step: 'octree', holds: ['octree:a'], deeds: [rename] }),
      taskPlan(2, { step: 'view', holds: ['view:a'], afterwards: ['a.aside'] }),
      taskPlan(3, { step: 'view', holds: ['view:b'], deeds: [rename] }),
      taskPlan(4, { step: 'filter', holds: ['view:a'], afterwards: ['a.unf'] }),
      taskPlan(5, { step: 'frame', holds: [] }),
      taskPlan(6, { step: 'octree', holds: ['octree:b'] }),
    ];
    const after: string[][] = [];
    for (const task of plans) {
      const attempt = `1.${task.number}.1`;
      attempts.start({ attempt, task, job });
      await end(attempt, task.number === 6 ? stopped : done);
      said();
      attempts.acknowledge(attempt);
      after.push(said());
    }
    expect(after).to.deep.equal([
      ['release 1.1.1'],
      ['tidy a.aside', 'keep 1.2.1'],
      ['release 1.3.1'],
      ['tidy a.unf', 'release 1.4.1'],
      [],
      [],
    ]);
  });

  it('end at once when they are stopped before they had a slot', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1');
    said();
    attempts.stop('1.3.1');
    expect(said()).to.deep.equal(['ended 1.3.1 stopped 0']);
    await end('1.1.1');
    expect(said()).to.deep.equal(['ended 1.1.1 done 0', 'begin 1.4.1']);
  });

  it('are ended by their simulation when they are stopped later', async () => {
    start('1.1.1');
    attempts.stop('1.1.1');
    expect(said()).to.deep.equal(['begin 1.1.1', 'stop 1.1.1']);
    await end('1.1.1', stopped);
    expect(said()).to.deep.equal(['ended 1.1.1 stopped 0']);
    attempts.stop('1.1.1');
    attempts.stop('7.7.7');
    expect(said()).to.deep.equal(['ended 1.1.1 stopped 0', 'ended 7.7.7 stopped 0']);
  });

  it('are given back when they are withdrawn before they had a slot, also when nobody knows them', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1');
    attempts.pause('1.4.1');
    said();
    for (const name of ['1.3.1', '1.4.1', '7.7.7']) attempts.withdraw(name);
    expect(said()).to.deep.equal(['ended 1.3.1 withdrawn 0', 'ended 1.4.1 withdrawn 0', 'ended 7.7.7 withdrawn 0']);
    attempts.withdraw('1.3.1');
    attempts.stop('1.3.1');
    expect(said(), 'told again as it was').to.deep.equal(['ended 1.3.1 withdrawn 0', 'ended 1.3.1 withdrawn 0']);
    await end('1.1.1');
    expect(said(), 'nobody gets its slot').to.deep.equal(['ended 1.1.1 done 0']);
    expect(log).to.deep.include('attempt 1.3.1 (/nowhere, log.1.3.1): withdrawn');
  });

  it('go on when they are withdrawn after they have begun, and are told again', async () => {
    start('1.1.1', '1.2.1');
    lives.get('1.1.1')?.signs.started(11);
    attempts.pause('1.1.1');
    said();
    attempts.withdraw('1.1.1');
    expect(said()).to.deep.equal(['started 1.1.1 11']);
    attempts.withdraw('1.2.1');
    expect(said(), 'its program is not there yet').to.deep.equal([]);
    lives.get('1.2.1')?.signs.started(12);
    await end('1.2.1');
    attempts.withdraw('1.2.1');
    expect(said()).to.deep.equal(['started 1.2.1 12', 'ended 1.2.1 done 0', 'ended 1.2.1 done 0']);
  });

  it('give their slot away while they are paused, and take it at once when they are resumed', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1');
    said();
    clock.pass(100);
    attempts.pause('1.1.1');
    attempts.pause('1.1.1');
    expect(said()).to.deep.equal(['pause 1.1.1', 'begin 1.3.1']);
    clock.pass(10_000);
    attempts.resume('1.1.1');
    attempts.resume('1.1.1');
    expect(said()).to.deep.equal(['resume 1.1.1']);
    clock.pass(11);
    await end('1.1.1');
    expect(said(), 'three ran, two may').to.deep.equal(['ended 1.1.1 done 111']);
    await end('1.2.1');
    expect(said()).to.deep.equal(['ended 1.2.1 done 10111', 'begin 1.4.1']);
  });

  it('that end while they are paused free no slot twice', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1');
    attempts.pause('1.1.1');
    said();
    attempts.stop('1.1.1');
    await end('1.1.1', stopped);
    expect(said()).to.deep.equal(['stop 1.1.1', 'ended 1.1.1 stopped 0']);
    await end('1.2.1');
    expect(said()).to.deep.equal(['ended 1.2.1 done 0', 'begin 1.4.1']);
  });

  it('that are paused before they had a slot get one only after they are resumed, and then first', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1');
    said();
    attempts.pause('1.4.1');
    attempts.pause('1.3.1');
    await end('1.1.1');
    expect(said()).to.deep.equal(['ended 1.1.1 done 0']);
    attempts.resume('1.4.1');
    expect(said()).to.deep.equal(['begin 1.4.1']);
    attempts.stop('1.3.1');
    expect(said()).to.deep.equal(['ended 1.3.1 stopped 0']);
    attempts.pause('7.7.7');
    attempts.resume('7.7.7');
    expect(said()).to.deep.equal([]);
  });

  it('are told again, not started again', async () => {
    start('1.1.1');
    lives.get('1.1.1')?.signs.started(11);
    lives.get('1.1.1')?.signs.progressed(0.5);
    expect(said()).to.deep.equal(['begin 1.1.1', 'started 1.1.1 11', 'progressed 1.1.1 0.5']);
    start('1.1.1');
    expect(said()).to.deep.equal(['started 1.1.1 11', 'progressed 1.1.1 0.5']);
    attempts.pause('1.1.1');
    said();
    attempts.tell('1.1.1');
    expect(said()).to.deep.equal(['started 1.1.1 11', 'progressed 1.1.1 0.5']);
    await end('1.1.1');
    said();
    start('1.1.1');
    expect(said()).to.deep.equal(['ended 1.1.1 done 0']);
  });

  it('are kept until their end is acknowledged', async () => {
    start('1.1.1', '1.2.1', '1.3.1');
    attempts.pause('1.1.1');
    attempts.acknowledge('1.1.1');
    await end('1.2.1');
    expect(attempts.all()).to.deep.equal(
      ['1.1.1', '1.2.1', '1.3.1'].map((attempt) => ({ attempt, holds: ['view:a'] })),
    );
    expect([attempts.size, attempts.live]).to.deep.equal([3, 2]);
    attempts.acknowledge('1.2.1');
    attempts.acknowledge('1.2.1');
    expect([attempts.size, attempts.live]).to.deep.equal([2, 2]);
  });

  it('run a log until they are at their end', async () => {
    start('1.1.1', '1.2.1', '1.3.1');
    expect(attempts.running(1, 'log.1.1.1')).to.deep.equal({ attempt: 1, log: logs });
    expect(attempts.running(1, 'log.1.3.1'), 'it waits for a slot').to.deep.equal({ attempt: 1, log: null });
    expect(attempts.running(2, 'log.1.3.1')).to.equal(null);
    await end('1.1.1');
    expect(attempts.running(1, 'log.1.1.1')).to.equal(null);
  });

  it('are all stopped at the end, which nobody is told, and nothing begins any more', async () => {
    start('1.1.1', '1.2.1', '1.3.1', '1.4.1');
    attempts.pause('1.2.1');
    said();
    attempts.end();
    expect(said()).to.deep.equal(['stop 1.1.1', 'stop 1.2.1', 'stop 1.3.1']);
    start('1.5.1');
    for (const name of ['1.1.1', '1.2.1']) await end(name, stopped);
    await end('1.3.1');
    expect(said(), 'what was done is told').to.deep.equal(['ended 1.3.1 done 0']);
    expect(attempts.live).to.equal(0);
  });

  it('that are frames are news in the log only when they fail', async () => {
    for (const attempt of ['1.1.1', '1.2.1', '1.3.1'])
      attempts.start({ attempt, task: taskPlan(1, { step: 'frame', name: attempt }), job });
    attempts.withdraw('1.3.1');
    await end('1.1.1');
    await end('1.2.1', stopped);
    expect(log).to.deep.equal(['attempt 1.2.1 (/nowhere, 1.2.1): stopped']);
  });

  describe('that are frames', () => {
    const frames = (...names: string[]) => {
      for (const attempt of names)
        attempts.start({ attempt, task: taskPlan(1, { step: 'frame', name: attempt }), job });
    };
    const free = (name: string) => lives.get(name)?.signs.freed();
    const come = (name: string) => lives.get(name)?.turn.come();

    beforeEach(() => {
      frames('1.1.1', '1.2.1', '1.3.1', '1.4.1', '1.5.1', '1.6.1');
    });

    it('are made ready while others run, as many as there are slots', () => {
      expect(said()).to.deep.equal(['begin 1.1.1', 'begin 1.2.1', 'ready 1.3.1', 'ready 1.4.1']);
      // Its turn came where the slot became free, before that was heard here.
      clock.pass(50);
      come('1.3.1');
      free('1.1.1');
      expect(said()).to.deep.equal(['ready 1.5.1']);
    });

    it('are made ready several a slot where that is wanted', () => {
      said();
      attempts = attemptsOf(2);
      attempts.setSlots(1);
      frames('2.1.1', '2.2.1', '2.3.1', '2.4.1', '2.5.1');
      expect(said()).to.deep.equal(['begin 2.1.1', 'ready 2.2.1', 'ready 2.3.1']);
      // Two came to their turn where the slot became free, before any of that was heard here.
      come('2.2.1');
      come('2.3.1');
      free('2.1.1');
      free('2.2.1');
      expect(said(), 'one runs, nobody is told to go').to.deep.equal(['ready 2.4.1', 'ready 2.5.1']);
    });

    it('go on at once when their slot is free, and its last owner still writes', async () => {
      said();
      free('1.1.1');
      free('1.1.1');
      expect(said()).to.deep.equal(['go 1.3.1', 'ready 1.5.1']);
      clock.pass(70);
      await end('1.1.1');
      await end('1.3.1');
      expect(said()).to.deep.equal(['ended 1.1.1 done 70', 'ended 1.3.1 done 70', 'go 1.4.1', 'ready 1.6.1']);
    });

    it('count their time from their turn on', async () => {
      clock.pass(50);
      come('1.3.1');
      clock.pass(7);
      said();
      await end('1.3.1');
      expect(said()).to.deep.equal(['ended 1.3.1 done 7', 'ready 1.5.1']);
    });

    it('can be stopped before their turn', async () => {
      said();
      attempts.stop('1.3.1');
      expect(said()).to.deep.equal(['stop 1.3.1']);
      await end('1.3.1', stopped);
      expect(said()).to.deep.equal(['ended 1.3.1 stopped 0', 'ready 1.5.1']);
      free('1.1.1');
      expect(said()).to.deep.equal(['go 1.4.1', 'ready 1.6.1']);
    });

    it('that are paused before their turn are kept from it, and get a slot first when they are resumed', async () => {
      said();
      attempts.pause('1.3.1');
      expect(said()).to.deep.equal(['cancel 1.3.1']);
      await end('1.3.1', stopped);
      expect(said()).to.deep.equal(['ready 1.5.1']);
      free('1.1.1');
      expect(said()).to.deep.equal(['go 1.4.1', 'ready 1.6.1']);
      attempts.resume('1.3.1');
      free('1.2.1');
      expect(said()).to.deep.equal(['go 1.5.1', 'ready 1.3.1']);
    });

    it('that are resumed before they could be kept from it wait again', async () => {
      attempts.pause('1.3.1');
      attempts.resume('1.3.1');
      said();
      await end('1.3.1', stopped);
      expect(said()).to.deep.equal(['ready 1.3.1']);
    });

    it('whose turn came before they could be kept from it are paused like all that run', async () => {
      attempts.pause('1.3.1');
      attempts.pause('1.4.1');
      attempts.resume('1.4.1');
      said();
      come('1.3.1');
      come('1.4.1');
      expect(said()).to.deep.equal(['pause 1.3.1', 'ready 1.5.1']);
      free('1.1.1');
      expect(said(), 'two run').to.deep.equal(['ready 1.6.1']);
    });

    it('are taken back before their turn, and told again after it', async () => {
      said();
      attempts.withdraw('1.3.1');
      expect(said()).to.deep.equal(['cancel 1.3.1']);
      await end('1.3.1', stopped);
      expect(said()).to.deep.equal(['ended 1.3.1 withdrawn 0', 'ready 1.5.1']);
      attempts.withdraw('1.4.1');
      come('1.4.1');
      lives.get('1.4.1')?.signs.started(14);
      expect(said()).to.deep.equal(['cancel 1.4.1', 'started 1.4.1 14']);
      await end('1.4.1');
      expect(said()).to.deep.equal(['ended 1.4.1 done 0', 'ready 1.6.1']);
    });

    it('that are lost with the spawner before their turn have not begun', async () => {
      said();
      await end('1.3.1', stopped);
      expect(said()).to.deep.equal(['ended 1.3.1 withdrawn 0', 'ready 1.5.1']);
    });

    it('do not take the place of others', async () => {
      said();
      start('2.1.1');
      await end('1.3.1', stopped);
      await end('1.4.1', stopped);
      expect(said().filter((event) => event.startsWith('ready'))).to.deep.equal(['ready 1.5.1', 'ready 1.6.1']);
      for (const name of ['1.5.1', '1.6.1', '1.1.1']) await end(name);
      expect(said().at(-1)).to.equal('begin 2.1.1');
    });
  });
});
