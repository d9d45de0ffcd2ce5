import { expect } from 'chai';
import { Reports } from '../../../src/executor/reports.ts';
import type { FromProcwrap } from '../../../src/protocol/inner.ts';
import { HandClock } from '../../support/executor.ts';

const stopped = (attempt: string) => ({ attempt, outcome: { is: 'stopped' as const }, milliseconds: 1 });
const turn = () => new Promise((done) => setImmediate(done));

describe('reports of attempts', () => {
  let clock: HandClock;
  let sent: FromProcwrap[];
  let reports: Reports;
  beforeEach(() => {
    clock = new HandClock();
    sent = [];
    reports = new Reports((message) => sent.push(message), clock);
  });

  it('collect what happens within a turn into one message of each kind', async () => {
    reports.started('1.1.1', 11);
    reports.ended(stopped('1.2.1'));
    reports.started('1.3.1', 13);
    reports.ended(stopped('1.4.1'));
    expect(sent).to.deep.equal([]);
    await turn();
    expect(sent).to.deep.equal([
      {
        say: 'started',
        started: [
          { attempt: '1.1.1', pid: 11 },
          { attempt: '1.3.1', pid: 13 },
        ],
      },
      { say: 'ended', ends: [stopped('1.2.1'), stopped('1.4.1')] },
    ]);
  });

  it('say nothing of the start of what has ended already', async () => {
    reports.started('1.1.1', 11);
    reports.ended(stopped('1.1.1'));
    await turn();
    expect(sent).to.deep.equal([{ say: 'ended', ends: [stopped('1.1.1')] }]);
  });

  it('collect for five milliseconds where one comes after another', async () => {
    reports.ended(stopped('1.1.1'));
    await turn();
    clock.pass(1);
    reports.ended(stopped('1.2.1'));
    await turn();
    reports.ended(stopped('1.3.1'));
    expect(sent).to.have.length(1);
    clock.pass(3);
    expect(sent).to.have.length(1);
    clock.pass(1);
    expect(sent.at(-1)).to.deep.equal({ say: 'ended', ends: [stopped('1.2.1'), stopped('1.3.1')] });
    clock.pass(5);
    reports.ended(stopped('1.4.1'));
    await turn();
    expect(sent).to.have.length(3);
  });

  it('tell of progress at once, after the start', () => {
    reports.started('1.1.1', 11);
    reports.progressed('1.1.1', 0.5);
    expect(sent.map(({ say }) => say)).to.deep.equal(['started', 'progressed']);
  });

  it('forget what another server was to hear', async () => {
    reports.started('1.1.1', 11);
    reports.ended(stopped('1.2.1'));
    reports.clear();
    await turn();
    expect(sent).to.deep.equal([]);
  });
});
