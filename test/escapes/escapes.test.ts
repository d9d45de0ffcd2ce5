import { expect } from 'chai';
import { realClock } from '../../src/executor/clock.ts';
import { Levels } from '../../src/executor/sandbox/level.ts';
import { skip } from '../support/skip.ts';
import type { Attempt } from './attempt.ts';
import { network } from './attempts/network.ts';
import { privileges } from './attempts/privileges.ts';
import { processes } from './attempts/processes.ts';
import { reading } from './attempts/reading.ts';
import { writing } from './attempts/writing.ts';
import { Stage } from './stage.ts';

const attempts: readonly Attempt[] = [...reading, ...writing, ...processes, ...network, ...privileges];

describe('the sandbox', () => {
  let stage: Stage;
  before(async function () {
    const level = await new Levels(realClock).look();
    if (level.is === 'process') skip(this, `there are no cells here: ${level.why}`);
    stage = await Stage.open('require');
  });
  after(() => stage?.close());

  for (const attempt of attempts) {
    it(`keeps a simulation from ${attempt.from}`, async () => {
      expect(await stage.try(attempt)).to.equal(false);
      expect(await stage.isSound()).to.equal(true);
    });
  }
});

describe('without the sandbox', () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open('off');
  });
  after(() => stage?.close());

  for (const attempt of attempts.filter(({ otherwise }) => otherwise !== 'harmful')) {
    const { from, otherwise } = attempt;
    it(`${otherwise === 'succeeds' ? 'nothing' : 'something else'} keeps a simulation from ${from}`, async () => {
      expect(await stage.try(attempt), stage.complaint()).to.equal(otherwise === 'succeeds');
      expect(await stage.isSound()).to.equal(true);
    });
  }
});
