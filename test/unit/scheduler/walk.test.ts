import { expect } from 'chai';
import fc from 'fast-check';
import { isEnded } from '../../../src/model/job.ts';
import { World } from '../../support/walk/world.ts';

describe('the scheduler, whatever happens', () => {
  it('loses no job, runs no task twice at a time or after its end, and comes to an end', async () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.nat(1000)), {
      minLength: 20,
      maxLength: 200,
      size: 'max',
    });
    const property = fc.asyncProperty(steps, async (choices) => {
      const world = new World();
      for (const [choice, which] of choices) {
        world.step(choice, which);
        await world.revive();
      }
      await world.finish();
      for (const known of world.jobs) expect(isEnded(known.state), `job ${known.id} ended`).to.equal(true);
      expect(world.farm.jobs.size).to.equal(0);
      expect(world.host.ended.size).to.equal(0);
    });
    await fc.assert(property, { numRuns: 500, seed: Number(process.env['SEED'] ?? 3) });
  });
});
