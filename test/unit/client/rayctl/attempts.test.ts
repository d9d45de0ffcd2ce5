import { expect } from 'chai';
import { attemptColumns, attemptRows } from '../../../../src/client/rayctl/attempts.ts';
import { tableLines } from '../../../../src/client/rayctl/table.ts';
import type { JobView, TaskView } from '../../../../src/protocol/api.ts';
import { jobView, taskView, triedView } from '../../../support/views.ts';

const lines = (job: JobView, ...tasks: TaskView[]) =>
  tableLines(
    attemptColumns(job),
    tasks.flatMap((task) => attemptRows(job, task)),
    Number.POSITIVE_INFINITY,
  ).map((line) => line.replace(/ {2,}/g, '|').replace(/^\|/, ''));

describe('the attempts of a task', () => {
  const frames = jobView({ kind: 'command', rif: null, command: ['r'], frames: '5-7' });
  const over = { startedAt: '2026-11-22T10:30:01.000Z', finishedAt: '2026-11-22T10:30:04.000Z' };

  it('are rows with what each took, how it ended and where; the last has the reason', () => {
    const tried = [
      triedView({ ended: 'failed', exit: 1, cpuSeconds: 0.5, peakBytes: 120_000_000, host: 'sun' }),
      triedView({ attempt: 2, ended: 'failed', exit: null, signal: 'SIGKILL', cpuSeconds: 250, host: 'moon' }),
    ];
    const task = { state: 'failed', attempts: 2, tried, reason: 'Ended by SIGKILL.', host: null, ...over } as const;
    expect(lines(frames, taskView({ ...task, frame: 5 }))).to.deep.equal([
      'TASK|FRAME|TRY|STATE|DONE|HOST|TOOK|CPU|MEMORY|EXIT|REASON',
      '1|5|1|failed|sun|3 s|0.50 s|120 MB|1',
      '1|5|2|failed|0 %|moon|3 s|4 min|12 MB|SIGKILL|Ended by SIGKILL.',
    ]);
  });

  it('have a row for what runs now after those that are over', () => {
    const tried = [triedView({ ended: 'lost', exit: null, cpuSeconds: null, peakBytes: null })];
    const now = taskView({ state: 'running', attempts: 2, tried, progress: 0.45, frame: 5, startedAt: over.startedAt });
    expect(lines(frames, now).slice(1)).to.deep.equal(['1|5|1|lost|here|3 s', '1|5|2|running|45 %|here']);
  });

  it('between two of them nothing has been done of the next', () => {
    const tried = [triedView({ ended: 'failed', exit: 1 })];
    const rows = lines(frames, taskView({ state: 'waiting', attempts: 1, tried, frame: 5, host: null })).slice(1);
    expect(rows).to.deep.equal(['1|5|1|failed|here|3 s|2.5 s|12 MB|1', '1|5|waiting|0 %']);
  });

  it('of a Radiance job have step and view; what was up to date says so', () => {
    const octree = taskView({
      number: 1,
      step: 'octree',
      view: null,
      state: 'done',
      progress: 1,
      skipped: true,
      host: null,
    });
    expect(lines(jobView(), octree)).to.deep.equal([
      'TASK|STEP|VIEW|TRY|STATE|DONE|HOST|TOOK|CPU|MEMORY|EXIT|REASON',
      '1|octree|1|up to date|100 %',
    ]);
  });

  it('of a job without frames have neither', () => {
    const job = jobView({ kind: 'command', rif: null, command: ['r'] });
    const task = taskView({ step: 'frame', view: null, state: 'done', progress: 1, tried: [triedView()], ...over });
    expect(lines(job, task)[1]).to.equal('1|1|done|100 %|here|3 s|2.5 s|12 MB|0');
  });
});
