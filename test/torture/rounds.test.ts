import { expect } from 'chai';
import { freshSeed } from '../support/chance.ts';
import { Torture } from '../support/torture/torture.ts';

/**
 * The promise of the whole, proved by force: whatever dies, nothing acknowledged is lost, nothing finished runs again,
 * nothing is damaged and nothing is left behind. `SEED=n ROUNDS=n` choose one run; without them there are two short ones.
 */
const { SEED, ROUNDS } = process.env;
const rounds = Number(ROUNDS ?? 20);
const seeds = SEED !== undefined || ROUNDS !== undefined ? [Number(SEED ?? freshSeed())] : [4, freshSeed()];

describe('whatever is killed, again and again', function () {
  this.timeout(120_000 + rounds * 20_000);

  for (const seed of seeds) {
    it(`nothing is lost, nothing runs twice, nothing is left (SEED=${seed} ROUNDS=${rounds})`, async () => {
      const { violations, directory, ...seen } = await Torture.run(seed, rounds);
      const facts = `SEED=${seed} ROUNDS=${rounds}, seen ${JSON.stringify(seen)}, kept in ${directory}`;
      expect(violations, facts).to.deep.equal([]);
      expect(seen.starts).to.be.at.least(seen.tasks);
      console.log(`      ${JSON.stringify(seen)}`);
    });
  }
});
