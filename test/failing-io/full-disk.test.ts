import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ErrorView } from '../../src/protocol/api.ts';
import { noSmallDisk, SmallDisk } from '../support/full-disk.ts';
import { isAlive } from '../support/program.ts';
import { skip } from '../support/skip.ts';
import { litter, wholeLogs, wholeResults } from '../support/torture/checks.ts';
import { Customer } from '../support/torture/customer.ts';
import { makeStage, rifOf, type Stage } from '../support/torture/stage.ts';
import { waitUntil } from '../support/wait-until.ts';

/** A disk that is really full: the kernel refuses, nobody pretends. */
describe('a full disk', () => {
  const why = noSmallDisk();
  let stage: Stage;
  let disk: SmallDisk;
  let customer: Customer;
  let server: number;

  before(function () {
    if (why === null) return;
    skip(this, why);
  });
  afterEach(async () => {
    disk?.empty();
    expect(isAlive(server), 'the server').to.equal(true);
    await stage.lab.stopDaemon();
    await waitUntil('no procwrap', () => stage.lab.procwraps().length === 0);
    disk.remove();
    await stage.lab.close();
  });

  /** Puts a small disk in the place of this directory, with all that is in it. */
  async function begin(place: (stage: Stage) => string, megabytes: number): Promise<void> {
    stage = await makeStage();
    const path = place(stage);
    const copy = join(stage.lab.directory, 'copy');
    mkdirSync(path, { recursive: true });
    cpSync(path, copy, { recursive: true });
    disk = new SmallDisk(path, megabytes);
    cpSync(copy, path, { recursive: true });
    stage.lab.own(path);
    customer = new Customer(stage.lab);
    server = (await stage.lab.startDaemon()).pid;
  }

  const order = (name: string, resolution = 8, views = 1) => {
    stage.lab.write(join(stage.project, `${name}.rif`), rifOf(name, views, resolution));
    return { kind: 'radiance', project: { path: stage.project }, rif: `${name}.rif` };
  };
  const logged = () => readFileSync(join(stage.lab.home, 'srvlogs', hostname().split('.')[0] ?? ''), 'utf8');
  const ended = (id: number) =>
    waitUntil(`the end of job ${id}`, async () => {
      const look = await customer.look(id);
      return look !== null && ['done', 'failed'].includes(look.job.state) && look;
    });

  it('of the home refuses jobs in one sentence, lets those that run wait for room, and goes on when there is some', async () => {
    await begin(({ lab }) => lab.home, 6);
    const first = (await customer.submit('picture', order('picture', 150, 2))) ?? 0;
    await waitUntil('a renderer', () => stage.lab.renderers().length > 0);
    disk.fill();
    const refused = await waitUntil('a refusal', async () => {
      const name = `tiny${Date.now()}`;
      const answer = await customer.ask('/api/v1/jobs', { key: name, body: order(name) });
      return answer?.status === 503 && (answer.body as ErrorView).error;
    });
    expect(refused).to.include({ code: 'not-ready' });
    expect(refused.message).to.match(/^The state could not be saved to .*: the disk is full\.$/);
    await waitUntil('no renderer', () => stage.lab.renderers().length === 0);
    disk.empty();
    const { job, tasks } = await ended(first);
    expect(job.state, job.reason ?? '').to.equal('done');
    expect([
      ...wholeResults([{ job, tasks }], stage.project),
      ...wholeLogs([{ job, tasks }], stage.project),
    ]).to.deep.equal([]);
    const again = (await customer.submit('tiny', order('tiny'))) ?? 0;
    expect((await ended(again)).job.state).to.equal('done');
    await waitUntil('lines in the log again', () => logged().includes(`job ${again}: running > done`));
  });

  it('of the project is said clearly, and the job goes on when there is room', async () => {
    await begin(({ project }) => project, 4);
    const body = order('picture', 400);
    const id = (await customer.submit('picture', body)) ?? 0;
    await waitUntil('a renderer', () => stage.lab.renderers().length > 0);
    disk.fill();
    const { job } = await waitUntil('the job to wait', async () => {
      const look = await customer.look(id);
      return look?.job.reason != null && look;
    });
    expect(job.reason).to.match(
      /^(rpict (failed|could not write): .*the file system of the project .*|No space left on the disk for .*) It goes on when there is room\.$/,
    );
    expect([job.state, job.results]).to.deep.equal(['running', []]);
    disk.empty();
    const seen = await ended(id);
    expect(seen.job.state, seen.job.reason ?? '').to.equal('done');
    expect(litter(stage.project)).to.deep.equal([]);
    expect(wholeResults([seen], stage.project)).to.deep.equal([]);
  });

  it('of the logs alone lets simulations go on, and says that their logs are incomplete', async () => {
    await begin(({ project }) => join(project, 'logfiles'), 1);
    disk.fill();
    const id = (await customer.submit('tiny', order('tiny'))) ?? 0;
    const { job, tasks } = await ended(id);
    expect(job.state, job.reason ?? '').to.equal('done');
    expect(job.notes).to.include('tiny.v1: The log is incomplete: ENOSPC: no space left on device, write.');
    expect(wholeResults([{ job, tasks }], stage.project)).to.deep.equal([]);
  });
});
