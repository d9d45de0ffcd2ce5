import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { freshTask, PlannedTasks } from '../../../src/model/planned-tasks.ts';
import { summaryOf } from '../../../src/model/progress.ts';
import type { Question } from '../../../src/protocol/inner.ts';
import type { Procwrap } from '../../../src/server/procwrap.ts';
import { openResult } from '../../../src/server/results.ts';
import { job, taskPlan } from '../../support/jobs.ts';
import { waitUntil } from '../../support/wait-until.ts';

const picture = { path: 'images/room_a.hdr', bytes: 6, sha256: '0' };
const done = { is: 'done', since: 1, until: 2, skipped: false } as const;
const tasks = new PlannedTasks([
  { ...freshTask(taskPlan(1), 1), state: { ...done, results: [picture], warnings: [] } },
]);
const rendered = summaryOf(job(1, [], { tasks }));

/** A procwrap with one file, and what it was asked for. */
function host(portions: string[]) {
  const asked: string[] = [];
  const answers = {
    open: () => ({ handle: 7, bytes: 6 }),
    read: () => ({ data: Buffer.from(portions.shift() ?? '').toString('base64') }),
    close: () => ({}),
  };
  const ask = async (question: Question) => {
    asked.push(question.ask);
    return answers[question.ask as keyof typeof answers]();
  };
  return { asked, host: { ask } as unknown as Pick<Procwrap, 'ask'> };
}

describe('a result', () => {
  it('is read portion by portion, and then closed', async () => {
    const { asked, host: procwrap } = host(['abc', 'def']);
    const { bytes, stream } = await openResult(procwrap, rendered, picture.path, 'file');
    expect([bytes, await text(stream)]).to.deep.equal([6, 'abcdef']);
    await waitUntil('closed', () => asked.includes('close'));
    expect(asked).to.deep.equal(['open', 'read', 'read', 'read', 'close']);
  });

  it('is closed when its reader goes, also before anything was read', async () => {
    const { asked, host: procwrap } = host(['abc', 'def']);
    const { stream } = await openResult(procwrap, rendered, picture.path, 'file');
    stream.destroy();
    await waitUntil('closed', () => asked.includes('close'));
    expect(asked).to.deep.equal(['open', 'close']);
  });

  it('that cannot be read on fails with the reason', async () => {
    const { host: procwrap } = host([]);
    const { stream } = await openResult(procwrap, rendered, picture.path, 'file');
    procwrap.ask = () => Promise.reject(new Error('the host is away'));
    const error = await text(stream).catch((fault: Error) => fault.message);
    expect(error).to.equal('the host is away');
  });
});
