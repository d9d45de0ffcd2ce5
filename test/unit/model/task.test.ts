import { expect } from 'chai';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import {
  AttemptText,
  attemptKey,
  attemptText,
  ownAmbients,
  remembered,
  type TaskStateName,
  type Tried,
  taskMoves,
} from '../../../src/model/task.ts';

const states = Object.keys(taskMoves) as TaskStateName[];

/** All moves that a task may make, and what makes it. Any other pair cannot happen. */
const moves: Readonly<Record<string, string>> = {
  'waiting > running': 'a slot is free',
  'waiting > cancelled': 'its job is cancelled, or has failed',
  'running > done': 'its renderer ends well',
  'running > failed': 'its renderer fails',
  'running > cancelled': 'its job is cancelled, or has failed',
  'running > waiting': 'its host is lost, or it failed and is tried again',
  'running > paused': 'its job is paused',
  'paused > running': 'its job is resumed',
  'paused > done': 'its renderer had ended well when it was paused',
  'paused > failed': 'its renderer had failed when it was paused',
  'paused > cancelled': 'its job is cancelled, or has failed',
  'paused > waiting': 'its host is lost',
  'done > waiting':
    'its job is tried again, and what it made was tidied away; or the ambient file that it filled was damaged',
  'failed > waiting': 'its job is tried again',
  'cancelled > waiting': 'its job is tried again',
};

describe('the moves of a task', () => {
  it('are known for all states', () => {
    expect(states).to.have.members(['waiting', 'running', 'paused', 'done', 'failed', 'cancelled']);
  });
  for (const from of states) {
    for (const to of states) {
      const why = moves[`${from} > ${to}`];
      it(`${from} > ${to}: ${why ?? 'never'}`, () => {
        expect((taskMoves[from] as readonly string[]).includes(to)).to.equal(why !== undefined);
      });
    }
  }
});

describe('the name of an attempt', () => {
  const key = fc.record({
    job: fc.integer({ min: 1, max: 999_999_999_999_999 }),
    task: fc.integer({ min: 1, max: 999_999_999 }),
    attempt: fc.integer({ min: 1, max: 999_999_999 }),
  });

  it('is written job, task, attempt', () => {
    expect(attemptText({ job: 12, task: 3, attempt: 1 })).to.equal('12.3.1');
  });
  it('is read as it was written, and is what may be said on the inner link', () => {
    fc.assert(
      fc.property(key, (given) => {
        const text = attemptText(given);
        expect(Value.Check(AttemptText, text)).to.equal(true);
        expect(attemptKey(text)).to.deep.equal(given);
      }),
    );
  });
  for (const text of ['', '1', '1.2', '0.1.1', '1.0.1', '1.1.0', 'a.b.c', '1..1', '..']) {
    it(`is refused when it is none: "${text}"`, () => {
      expect(() => attemptKey(text)).to.throw(RangeError, `not an attempt: ${text}`);
      expect(Value.Check(AttemptText, text)).to.equal(false);
    });
  }
  for (const text of ['1.2.3.4', '1.2.3 ', ' 1.2.3', '01.2.3', '1.2.-3', '1.2.3\n', '1e3.1.1', '1.1.1000000000']) {
    it(`may not be said on the inner link: ${JSON.stringify(text)}`, () => {
      expect(Value.Check(AttemptText, text)).to.equal(false);
    });
  }
});

describe('ambient files that attempts had for themselves', () => {
  const numbers = (attempt: number) =>
    ownAmbients({ job: 12, task: 3, attempt }).map((path) => /^proc\/12\.3\.(\d+)\.own$/.exec(path)?.[1]);

  it('are known by name: the last one and, before it, as many as may have been lost', () => {
    expect(numbers(1)).to.deep.equal(['1']);
    expect(numbers(4)).to.deep.equal(['1', '2', '3', '4']);
    expect(numbers(9)).to.deep.equal(['4', '5', '6', '7', '8', '9']);
  });
});

describe('the attempts that are remembered of a task', () => {
  const tried = (attempt: number, ended: Tried['ended'] = 'lost'): Tried => {
    return { attempt, host: 'lab1', since: 0, until: 1, ended, exit: null, signal: null, usage: null };
  };
  const numbers = (those: readonly Tried[]) => remembered(those).map(({ attempt }) => attempt);
  const many = Array.from({ length: 12 }, (_, index) => tried(index + 1));

  it('are the last ten', () => {
    expect(numbers([])).to.deep.equal([]);
    expect(numbers(many.slice(0, 10))).to.have.lengthOf(10);
    expect(numbers(many)).to.deep.equal([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
  it('include the one whose ambient file was damaged, as that happens once', () => {
    expect(numbers([tried(1, 'damaged'), ...many.slice(1)])).to.deep.equal([1, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(numbers([...many.slice(0, 10), tried(11, 'damaged')])).to.deep.equal([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});
