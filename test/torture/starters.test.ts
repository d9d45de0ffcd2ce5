import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView } from '../../src/protocol/api.ts';
import { Lab } from '../support/lab.ts';
import { ambientNames, checkOf, soundAmbients, startRadiance } from '../support/storm/ambient-checks.ts';
import { door, litRif } from '../support/storm/lit-rif.ts';

const mostTimes = 1.7;
const starters = 6;
/** Each of three ways has these: 42 in all. */
const rounds = process.env['RAYSERVER_TORTURE'] === undefined ? 14 : 40;

/**
 * What one finds another need not compute: so those who start together with no ambient file wait until the most important
 * of it is there.
 */
describe(`${starters} identical simulations that start together on no ambient file`, function () {
  this.timeout(120_000 + rounds * 30_000);
  let lab: Lab;
  before(async () => {
    lab = await Lab.make();
    mkdirSync(join(lab.home, 'config'));
    writeFileSync(join(lab.home, 'config/rayserver.yaml'), `slots: ${starters}\n`);
    lab.own(lab.home);
    await lab.startDaemon([], { milliseconds: 3_600_000 });
  });
  after(() => lab.close());

  /** In a project of their own; each job with views that are all the same. */
  async function rendered(name: string, jobs: number, ambient?: string): Promise<string> {
    const project = lab.project('room', name);
    const views = Array.from({ length: starters / jobs }, () => door);
    const names = Array.from({ length: jobs }, (_, index) => `room${index + 1}`);
    const submitted = names.map((name) => {
      const rif = join(project, `${name}.rif`);
      lab.write(rif, litRif({ name, views, ...(ambient === undefined ? {} : { ambient }) }));
      return lab.json<JobView>('submit', rif);
    });
    const ids = (await Promise.all(submitted)).map(({ id }) => String(id));
    const ended = await lab.rayctl('wait', ...ids);
    expect(ended.status, ended.stdout + ended.stderr).to.equal(0);
    return project;
  }

  /** The first of these simulations, started so many times by hand with a file of its own. @returns its records */
  async function byHand(project: string, count: number): Promise<number> {
    const log = readFileSync(join(project, 'logfiles/room1.v1.log'), 'utf8');
    const words = log.match(/^rpict (.*?)(?: >.*)?$/m)?.[1]?.split(' ') ?? [];
    const args = words.with(words.indexOf('-af') + 1, 'ambfiles/hand.amb');
    const all = Array.from({ length: count }, () => startRadiance(project, 'rpict', args));
    for (const { status, stderr } of await Promise.all(all)) expect(status, stderr).to.equal(0);
    const { fileBytes, header } = await checkOf(project, 'hand.amb');
    rmSync(join(project, 'ambfiles/hand.amb'));
    return header === null ? 0 : (fileBytes - header.start) / header.recordBytes;
  }

  async function recordsOf(project: string): Promise<number> {
    expect(await soundAmbients(project)).to.deep.equal([]);
    const [name = '', ...others] = ambientNames(project);
    expect(others).to.deep.equal([]);
    return (await checkOf(project, name)).records;
  }

  it('write more than that without the gate: else the rest would prove nothing', async () => {
    const project = await rendered('by-hand', 1);
    const [one, six] = [await byHand(project, 1), await byHand(project, starters)];
    console.log(`      ${(six / one).toFixed(2)}`);
    expect(six / one).to.be.greaterThan(mostTimes);
  });

  for (const [what, jobs, ambient] of [
    ['views of a job', 1],
    ['jobs', starters],
    ['jobs with an ambient file of their user', starters, 'ambfiles/room.amb'],
  ] as const) {
    it(`write at most ${mostTimes} times what one alone writes, as ${what} (${rounds} rounds)`, async () => {
      const all: number[] = [];
      let alone = 0;
      for (let round = 1; round <= rounds; round += 1) {
        const project = await rendered(`${jobs}-${ambient ? 'named' : 'unnamed'}-${round}`, jobs, ambient);
        const records = await recordsOf(project);
        alone ||= await byHand(project, 1);
        all.push(records / alone);
        rmSync(project, { recursive: true });
      }
      const said = all.map((one) => one.toFixed(2)).join(' ');
      console.log(`      ${said}`);
      expect(Math.max(...all), said).to.be.at.most(mostTimes);
    });
  }
});
