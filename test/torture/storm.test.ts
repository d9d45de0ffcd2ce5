import { expect } from 'chai';
import { freshSeed } from '../support/chance.ts';
import { Storm } from '../support/storm/storm.ts';

/** `SEED=n` chooses one. */
const { SEED } = process.env;
const rounds = 100;
const seed = Number(SEED ?? freshSeed());

describe('an ambient file that eight simulations share', function () {
  this.timeout(300_000 + rounds * 10_000);

  it(`stays sound, and loses nothing, whatever is killed, cancelled and paused (SEED=${seed}, ${rounds} times)`, async () => {
    const { violations, ...seen } = await Storm.run(seed, rounds);
    console.log(`      ${JSON.stringify(seen)}`);
    expect(violations, `SEED=${seed}, seen ${JSON.stringify(seen)}`).to.deep.equal([]);
    expect(seen.together).to.be.at.least(8);
    expect(seen.records).to.be.greaterThan(seen.halfway);
  });
});
