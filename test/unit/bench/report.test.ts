import { expect } from 'chai';
import { measureRow } from '../../../bench/measure.ts';
import { jsonOf, judge, tableOf } from '../../../bench/report.ts';
import type { Entrant, Row } from '../../../bench/row.ts';

/** Gives these figures, round by round. */
function entrant(name: string, rounds: number[], turns: string[] = []): Entrant {
  const left = [...rounds];
  return {
    name,
    absent: async () => null,
    measure: async () => {
      turns.push(name);
      const next = left.shift();
      if (next === undefined) throw new Error('nothing left');
      return { 'tasks/s': next };
    },
  };
}

function row(entrants: Entrant[]): Row {
  const goal = { figure: 'tasks/s', bound: 'at least' } as const;
  return {
    name: 'tasks',
    title: 'tasks a second',
    seconds: 5,
    entrants,
    goals: [
      { ...goal, entrant: 'ours', value: 1.5, times: 'theirs' },
      { ...goal, entrant: 'ours', value: 400 },
      { ...goal, entrant: 'ours', value: 1, times: 'nobody' },
    ],
  };
}

const silent = () => undefined;

describe('a row of the bench', () => {
  it('lets the entrants take turns, and asks the floor before each round', async () => {
    const turns: string[] = [];
    const floor = async () => turns.push('floor');
    await measureRow(row([entrant('ours', [1, 2], turns), entrant('theirs', [1, 2], turns)]), 2, floor, silent);
    expect(turns).to.deep.equal(['floor', 'ours', 'theirs', 'floor', 'ours', 'theirs']);
  });

  it('judges by medians, and by ratios of the same run', async () => {
    const { taken } = await measureRow(
      row([entrant('ours', [300, 330, 10]), entrant('theirs', [100, 200, 900])]),
      3,
      null,
      silent,
    );
    const [ratio, plain, unknown] = row([]).goals.map((goal) => judge(goal, taken));
    expect(ratio).to.include({ measured: 1.5, met: true });
    expect(plain).to.include({ measured: 300, met: false });
    expect(unknown).to.include({ met: null });
  });

  it('names who is absent or has failed, and goes on with the others', async () => {
    const away: Entrant = { ...entrant('away', []), absent: async () => 'There is none here.' };
    const result = await measureRow(row([entrant('ours', [1]), away, entrant('theirs', [5, 5])]), 2, null, silent);
    expect(result.taken.map(({ absent }) => absent)).to.deep.equal([
      'Failed in round 2: nothing left',
      'There is none here.',
      null,
    ]);
    expect(tableOf(result)).to.include('There is none here.').and.include('MISSED').and.include('not measured');
  });

  it('ends what does not end in time', async () => {
    const stuck: Entrant = {
      name: 'stuck',
      absent: async () => null,
      measure: (signal) => new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason))),
    };
    const { taken } = await measureRow({ ...row([stuck]), seconds: 0.01 }, 1, null, silent);
    expect(taken[0]?.absent).to.equal('Failed in round 1: no end within 0.01 seconds');
  });

  it('says that it is too noisy, to people and to programs', async () => {
    const seconds = [1, 1.5];
    const result = await measureRow(row([entrant('ours', [1, 1])]), 2, async () => seconds.shift() ?? 0, silent);
    expect(tableOf(result)).to.include('Too noisy');
    const { rows } = JSON.parse(jsonOf([result])) as { rows: { noise: string; entrants: { medians: unknown }[] }[] };
    expect(rows[0]?.noise).to.match(/^Too noisy/);
    expect(rows[0]?.entrants[0]?.medians).to.deep.equal({ 'tasks/s': 1 });
  });
});
