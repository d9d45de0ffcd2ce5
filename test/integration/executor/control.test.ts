import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Control } from '../../../src/executor/control.ts';
import type { FromProcwrap } from '../../../src/protocol/inner.ts';
import type { ProcwrapLink } from '../../../src/protocol/link.ts';
import { HandClock, services } from '../../support/executor.ts';
import { taskPlan } from '../../support/jobs.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('a procwrap that nobody asks for any more', () => {
  let place: { path: string; remove: () => void };
  let clock: HandClock;
  let control: Control;
  let said: FromProcwrap[];
  let isOver: boolean;
  const link: ProcwrapLink = { send: (message) => said.push(message) > 0, close: () => undefined };
  const socket = () => join(place.path, 'run/inner/procwrap.sock');

  beforeEach(() => {
    place = temporaryDirectory();
    mkdirSync(join(place.path, 'run/inner'), { recursive: true });
    writeFileSync(socket(), '');
    clock = new HandClock();
    [said, isOver] = [[], false];
    control = new Control({
      home: place.path,
      clock,
      log: () => undefined,
      stays: false,
      counted: () => undefined,
      installed: () => '1',
    });
    void control.over.then(() => {
      isOver = true;
    });
    const settings = {
      radiance: null,
      planSeconds: 60,
      logBytes: 4096,
      reportSeconds: 1,
      slots: 1,
      services: services(),
    };
    control.hear({ say: 'hello', version: '1', settings }, link);
  });
  afterEach(() => place.remove());

  /** An attempt that ends at once, as its project is not there, and whose end is not acknowledged. */
  async function fail(): Promise<void> {
    const project = { location: null, root: '/', rest: 'none/at/all', path: '/none/at/all' };
    const limits = { retries: 0, seconds: null, progressSeconds: null };
    control.hear({ say: 'job', job: 1, name: 'a', user: 'ann', project, limits, request: null }, link);
    control.hear({ say: 'start', starts: [{ attempt: '1.1.1', task: taskPlan(1), frame: null }] }, link);
    await waitUntil('the end', () => said.some((message) => message.say === 'ended'));
  }
  /** One that has nothing to do, and whose end is not acknowledged; gives its project. */
  async function make(): Promise<string> {
    const path = join(place.path, 'room');
    mkdirSync(path);
    const project = { location: null, root: '/', rest: path.slice(1), path };
    const limits = { retries: 0, seconds: null, progressSeconds: null };
    control.hear({ say: 'job', job: 1, name: 'a', user: 'ann', project, limits, request: null }, link);
    const task = taskPlan(1, { deeds: [], holds: ['octree:a.oct'] });
    control.hear({ say: 'start', starts: [{ attempt: '1.1.1', task, frame: null }] }, link);
    await waitUntil('the end', () => said.some((message) => message.say === 'ended'));
    return join(path, 'proc');
  }
  const pass = async (milliseconds: number) => {
    clock.pass(milliseconds);
    await Promise.resolve();
  };

  it('leaves after a minute when it has nothing to tell', async () => {
    control.lost(link, 'killed');
    await pass(59_999);
    expect(isOver).to.equal(false);
    await pass(1);
    expect(isOver).to.equal(true);
  });

  it('keeps what was made from others until its end is acknowledged, or it goes', async () => {
    const proc = await make();
    expect(readdirSync(proc).join()).to.match(/^octree-[0-9a-f]{16}\.lock$/);
    control.end();
    await Promise.resolve();
    expect([isOver, readdirSync(proc)]).to.deep.equal([true, []]);
  });

  it('stays for a server that does not know of an end, but not when its home is gone', async () => {
    await fail();
    control.lost(link, 'killed');
    await pass(60_000);
    expect(isOver).to.equal(false);
    rmSync(join(place.path, 'run'), { recursive: true });
    await pass(60_000);
    expect(isOver).to.equal(true);
  });
});
