import { expect } from 'chai';
import { mayRestart, rowOf, waitBeforeServing } from '../../../src/daemon/restarts.ts';

const minute = 60_000;
const now = 1_800_000_000_000;

describe('restarting after internal errors', () => {
  const row = (length: number) => Array.from({ length }, (_, k) => now - length + 1 + k);

  it('waits 1, 2, 4 ... 60 seconds', () => {
    const waits = Array.from({ length: 9 }, (_, n) => waitBeforeServing(row(n), now));
    expect(waits).to.deep.equal([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('counts what has passed since the last error, on a clock that may have been set back', () => {
    const waits = [3000, 15_999, 30_000, -30_000].map((later) => waitBeforeServing(row(5), now + later));
    expect(waits).to.deep.equal([13_000, 1, 0, 16_000]);
  });

  it('gives up at the error after five restarts in five minutes', () => {
    const errors = (count: number, apart: number) => Array.from({ length: count }, (_, k) => now + k * apart);
    expect(mayRestart(errors(5, 1000))).to.equal(true);
    expect(mayRestart(errors(6, 1000))).to.equal(false);
    expect(mayRestart(errors(20, minute))).to.equal(true);
  });

  it('forgets errors of long ago', () => {
    expect(rowOf([now - 60 * minute, now - 20 * minute, now - 5 * minute, now])).to.deep.equal([now - 5 * minute, now]);
    expect(waitBeforeServing([now - 60 * minute, now], now)).to.equal(1000);
  });
});
