import { expect } from 'chai';
import { barLine, Lines, progressLine } from '../../../../src/client/rayctl/progress.ts';
import { textWidth } from '../../../../src/client/rayctl/table.ts';
import { doingNow } from '../../../../src/client/rayctl/wait.ts';
import { jobView, taskView } from '../../../support/views.ts';

describe('progress in lines', () => {
  it('is told at each change of state, else every ten seconds at most', () => {
    const lines: string[] = [];
    let now = 0;
    const progress = new Lines(
      (line) => lines.push(line),
      () => now,
    );
    const at = (seconds: number, changes: Parameters<typeof jobView>[0]) => {
      now = seconds * 1000;
      progress.show(jobView({ id: 12, ...changes }));
    };
    at(0, { state: 'waiting' });
    at(1, { state: 'running', progress: 0 });
    at(2, { state: 'running', progress: 0.1, secondsLeft: 20 });
    at(10.9, { state: 'running', progress: 0.3, secondsLeft: 16 });
    at(11, { state: 'running', progress: 0.345, secondsLeft: 20 });
    at(30, { state: 'running', progress: 0.345, secondsLeft: 20 });
    at(31, { state: 'done', progress: 1 });
    expect(lines).to.deep.equal(['job 12: waiting', 'job 12: 0 %', 'job 12: 34 %, 20 s left', 'job 12: done']);
  });

  it('names what a job waits for, when that begins and when it ends', () => {
    const lines: string[] = [];
    const progress = new Lines(
      (line) => lines.push(line),
      () => 0,
    );
    const seen = (changes: Parameters<typeof jobView>[0]) => progress.show(jobView({ id: 12, ...changes }));
    seen({ state: 'running', progress: 0.1, secondsLeft: null });
    for (let times = 0; times < 2; times++)
      seen({ state: 'running', progress: 0.1, secondsLeft: null, reason: 'No.\n' });
    seen({ state: 'running', progress: 0.1, secondsLeft: null });
    seen({ state: 'failed', finishedAt: '2026-01-02T03:04:05.000Z', reason: 'Broken.' });
    expect(lines).to.deep.equal(['job 12: 10 %', 'job 12: 10 %: No.\\x0a', 'job 12: 10 %', 'job 12: failed']);
  });

  it('keeps the jobs apart', () => {
    const lines: string[] = [];
    const progress = new Lines(
      (line) => lines.push(line),
      () => 0,
    );
    for (const id of [1, 2, 1, 2]) progress.show(jobView({ id, state: 'running' }));
    expect(lines).to.deep.equal(['job 1: 0 %', 'job 2: 0 %']);
  });

  it('names a state that has no progress', () => {
    expect(progressLine(jobView({ id: 3, state: 'cancelled' }))).to.equal('job 3: cancelled');
  });
});

describe('the bar', () => {
  const job = jobView({ id: 12, state: 'running', progress: 0.5, secondsLeft: 20 });

  it('shows the job, what runs, how far it is and the time left', () => {
    expect(barLine(job, 'view inside', 60)).to.match(/^job 12 {2}view inside {2}█+░+ {2} 50 % {2}20 s left$/);
  });

  it('fits any terminal, whatever a view is called', () => {
    for (const columns of [10, 20, 40, 60, 80, 200]) {
      const line = barLine(job, 'view \u001b[31m厨房', columns);
      expect(textWidth(line)).to.be.below(columns);
      expect(line).not.to.include('\u001b');
    }
  });

  it('says how a job ended', () => {
    expect(barLine(jobView({ id: 1, state: 'done', progress: 1 }), '', 50)).to.match(/^job 1 {2}█+ {2}100 % {2}done$/);
  });
});

describe('what runs now', () => {
  it('is a step, a view, or how many of them', () => {
    const view = (name: string) => taskView({ step: 'view', view: name, state: 'running' });
    expect(doingNow([taskView({ state: 'done' }), view('inside')])).to.equal('view inside');
    expect(doingNow([taskView({ step: 'octree', view: null, state: 'running' })])).to.equal('octree');
    expect(doingNow([view('a'), view('b')])).to.equal('2 views');
    expect(doingNow([view('a'), taskView({ step: 'filter', state: 'running' })])).to.equal('2 tasks');
    expect(doingNow([taskView({ state: 'waiting' })])).to.equal('');
  });
});
