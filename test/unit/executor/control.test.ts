import { expect } from 'chai';
import { Control } from '../../../src/executor/control.ts';
import type { FromProcwrap, ToProcwrap } from '../../../src/protocol/inner.ts';
import type { ProcwrapLink } from '../../../src/protocol/link.ts';
import { HandClock, noLimits, settings } from '../../support/executor.ts';
import { taskPlan } from '../../support/jobs.ts';

class PaperLink implements ProcwrapLink {
  readonly sent: FromProcwrap[] = [];
  closed = false;
  send(message: FromProcwrap): boolean {
    this.sent.push(message);
    return !this.closed;
  }
  close(): void {
    this.closed = true;
  }
}

const hello: ToProcwrap = { say: 'hello', version: '1', settings };

describe('the control of simulations', () => {
  let clock: HandClock;
  let control: Control;
  let over: boolean;
  let status: number | null;
  let installed: string | null;
  let log: string[];

  /** Lets promises that are settled have their say. */
  const settle = () => new Promise((done) => setImmediate(done));
  const leftAfter = async (milliseconds: number) => {
    clock.pass(milliseconds);
    await settle();
    return over;
  };

  beforeEach(() => {
    clock = new HandClock();
    [over, status, installed, log] = [false, null, '1', []];
    control = new Control({
      home: '/nowhere',
      clock,
      log: (_, text) => log.push(text),
      stays: false,
      counted: () => undefined,
      installed: () => {
        if (installed === null) throw new Error('there is no package.json');
        return installed;
      },
    });
    void control.over.then((leaving) => {
      over = true;
      status = leaving;
    });
    control.consider();
  });

  it('is over when no server comes for a minute', async () => {
    expect(await leftAfter(59_999)).to.equal(false);
    expect(await leftAfter(1)).to.equal(true);
  });

  it('is not over while a server is there, and a minute after it went', async () => {
    const link = new PaperLink();
    control.hear(hello, link);
    expect(await leftAfter(1_000_000)).to.equal(false);
    control.lost(link, 'it was killed');
    expect(await leftAfter(59_999)).to.equal(false);
    control.hear(hello, new PaperLink());
    expect(await leftAfter(1_000_000)).to.equal(false);
  });

  it('is over at once after a farewell, but not after a later hello', async () => {
    const link = new PaperLink();
    control.hear(hello, link);
    control.hear({ say: 'farewell' }, link);
    expect(await leftAfter(0)).to.equal(true);
  });

  it('makes room for the version that was installed meanwhile when a server comes and nothing is there', async () => {
    control.hear({ ...hello, version: '2' }, new PaperLink());
    expect(await leftAfter(0), 'a newer server alone').to.equal(false);
    const link = new PaperLink();
    installed = '2';
    control.hear(hello, link);
    expect(await leftAfter(0)).to.equal(true);
    expect([status, link.sent]).to.deep.equal([75, []]);
    expect(log.at(-1)).to.equal('procwrap: version 1 is replaced, leaving for the new one');
  });

  it('stays for what is not acknowledged, whatever was installed meanwhile', async () => {
    const link = new PaperLink();
    control.hear(hello, link);
    const project = { location: null, root: '/', rest: 'nowhere', path: '/nowhere' };
    control.hear({ say: 'job', job: 1, name: 'room', user: 'ann', project, limits: noLimits, request: null }, link);
    control.hear({ say: 'start', starts: [{ attempt: '1.1.1', task: taskPlan(1), frame: null }] }, link);
    installed = '2';
    const next = new PaperLink();
    control.hear({ ...hello, version: '2' }, next);
    expect(await leftAfter(0)).to.equal(false);
    expect(next.sent[0]).to.include({ say: 'welcome', version: '1' });
  });

  it('stays where the program was removed', async () => {
    installed = null;
    control.hear(hello, new PaperLink());
    expect(await leftAfter(0)).to.equal(false);
  });

  it('starts nothing while it ends', async () => {
    const link = new PaperLink();
    control.hear(hello, link);
    control.end();
    const project = { location: null, root: '/', rest: 'nowhere', path: '/nowhere' };
    control.hear({ say: 'job', job: 1, name: 'room', user: 'ann', project, limits: noLimits, request: null }, link);
    control.hear({ say: 'start', starts: [{ attempt: '1.1.1', task: taskPlan(1), frame: null }] }, link);
    await settle();
    expect(link.sent.map(({ say }) => say)).to.deep.equal(['welcome']);
    expect(over).to.equal(true);
  });

  it('does not listen to anybody but its server', async () => {
    const [first, second, stranger] = [new PaperLink(), new PaperLink(), new PaperLink()];
    control.hear({ say: 'stop', attempts: ['1.1.1'] }, stranger);
    expect([stranger.closed, stranger.sent]).to.deep.equal([true, []]);
    control.hear(hello, first);
    control.hear(hello, second);
    expect(first.closed).to.equal(true);
    control.hear({ say: 'stop', attempts: ['1.1.1'] }, first);
    expect(first.sent.map(({ say }) => say)).to.deep.equal(['welcome']);
    control.hear({ say: 'stop', attempts: ['1.1.1'] }, second);
    await settle();
    expect(second.sent.map(({ say }) => say)).to.deep.equal(['welcome', 'ended']);
    expect(log.join('\n')).to.match(/"stop" from somebody who is not our server/);
  });
});
