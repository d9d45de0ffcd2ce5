import { expect } from 'chai';
import type { Share } from '../../../../src/executor/indirect/shares.ts';
import { Watch } from '../../../../src/executor/indirect/watch.ts';
import type { Scene } from '../../../../src/executor/perform.ts';
import type { Run } from '../../../../src/executor/run.ts';
import { HandClock, task } from '../../../support/executor.ts';

describe('a program that is watched until it has read its ambient file', () => {
  let clock: HandClock;
  let told: string[];
  const fails = (): never => {
    throw new Error('EIO');
  };
  const share = (more: Partial<Share> = {}): Share => ({
    args: [],
    notes: [],
    origin: { trouble: async () => null },
    mayHaveWritten: false,
    opened: () => told.push('opened'),
    hasRead: () => false,
    keeperFrom: () => null,
    alone: async (deed) => await deed(),
    leave: async () => null,
    ...more,
  });
  const scene = (step: 'frame' | 'view'): Scene => {
    const started = (pid: number) => told.push(`${pid}`);
    const progressed = (fraction: number) => told.push(`${fraction}`);
    // Of no account here is all that is missing.
    return { clock, task: task([], { step }), started, progressed } as unknown as Scene;
  };
  const watch = (more: Partial<Share>, step: 'frame' | 'view' = 'view') => new Watch(share(more), scene(step));
  const run = (): Run => ({
    pid: 7,
    ended: new Promise(() => {}),
    stop: () => told.push('stopped'),
    pause: () => {},
    resume: () => {},
  });
  const turns = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };

  beforeEach(() => {
    clock = new HandClock();
    told = [];
  });

  it('lets others in once it says how far it is', async () => {
    const one = watch({});
    one.scene.progressed(0);
    one.scene.progressed(0.5);
    await one.close();
    expect(told).to.deep.equal(['0', '0.5', 'opened']);
  });

  it('goes on where its file cannot be unlocked: who waits has a time limit', async () => {
    const one = watch({ opened: fails });
    one.scene.progressed(0);
    await one.close();
    expect(told).to.deep.equal(['0']);
  });

  it('is looked at again and again where it says nothing, also after its disk has failed', async () => {
    let looks = 0;
    const answers = [fails, () => false, () => true];
    const one = watch({ hasRead: () => answers[looks++]?.() ?? fails() }, 'frame');
    one.scene.started(7);
    for (let times = 0; times < 9; times += 1) clock.pass(10);
    await one.close();
    expect([looks, told]).to.deep.equal([3, ['7', 'opened']]);
  });

  it('is not looked at any more when it is gone', async () => {
    const one = watch({ hasRead: () => Boolean(told.push('looked')) && false }, 'frame');
    one.scene.started(7);
    await one.close();
    clock.pass(1000);
    one.scene.progressed(1);
    expect(told).to.deep.equal(['7', 'looked', '1']);
  });

  it('is ended, and lets nobody in, where it has loaded what its file does not belong to', async () => {
    const one = watch({ origin: { trouble: async () => 'It was replaced.' } });
    one.scene.rein?.(run());
    one.scene.progressed(0);
    await turns();
    expect([told, one.stray]).to.deep.equal([['0', 'stopped'], 'It was replaced.']);
    await one.close();
  });

  it('is ended, too, where that is known before it can be', async () => {
    const one = watch({ origin: { trouble: async () => 'It was replaced.' }, hasRead: () => true }, 'frame');
    one.scene.started(7);
    await turns();
    one.scene.rein?.(run());
    await turns();
    expect(told).to.deep.equal(['7', 'stopped']);
    await one.close();
  });
});
