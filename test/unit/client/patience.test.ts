import { expect } from 'chai';
import { Patience } from '../../../src/client/patience.ts';

/** Time that passes only by sleeping. */
function quickClock() {
  const slept: number[] = [];
  const now = () => slept.reduce((sum, part) => sum + part, 0);
  return { slept, now, sleep: async (milliseconds: number) => void slept.push(milliseconds) };
}

async function outcome(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'borne',
    (error: unknown) => `thrown: ${(error as Error).message}`,
  );
}

describe('patience', () => {
  const fault = new Error('away');

  it('waits longer each time, to the second that was asked for, then gives the fault', async () => {
    const clock = quickClock();
    const patience = new Patience(clock, () => true, { patienceSeconds: 10 });
    while ((await outcome(patience.bear(fault))) === 'borne');
    expect(clock.slept).to.deep.equal([250, 500, 1000, 2000, 5000, 1250]);
    expect(await outcome(patience.bear(fault))).to.equal('thrown: away');
  });

  it('begins anew when the server has answered, and tells both once', async () => {
    const clock = quickClock();
    const told: string[] = [];
    const patience = new Patience(clock, () => true, { patienceSeconds: 1, onConnection: (state) => told.push(state) });
    patience.heard();
    for (const round of [1, 2]) {
      await patience.bear(fault);
      await patience.bear(fault);
      patience.heard();
      patience.heard();
      expect([round, clock.now()]).to.deep.equal([round, round * 750]);
    }
    expect(told).to.deep.equal(['lost', 'back', 'lost', 'back']);
  });

  it('bears no fault that stays, and none without patience', async () => {
    const clock = quickClock();
    expect(await outcome(new Patience(clock, () => false, {}).bear(fault))).to.equal('thrown: away');
    expect(await outcome(new Patience(clock, () => true, { patienceSeconds: 0 }).bear(fault))).to.equal('thrown: away');
    expect(clock.slept).to.deep.equal([]);
  });

  it('ends when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await outcome(new Patience(quickClock(), () => true, { signal }).bear(fault))).to.equal('thrown: enough');
  });
});
