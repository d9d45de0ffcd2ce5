import { expect } from 'chai';
import { Refusal } from '../../../src/model/refusal.ts';
import { Questions } from '../../../src/protocol/questions.ts';

const check = { ask: 'close', handle: 1 } as const;

describe('questions on the inner link', () => {
  it('get the answer with their id', async () => {
    const sent: number[] = [];
    const questions = new Questions((id) => sent.push(id) > 0);
    const first = questions.ask({ ask: 'read', handle: 7 });
    const second = questions.ask({ ask: 'read', handle: 8 });
    expect(sent).to.deep.equal([1, 2]);
    questions.answered(2, { kind: 'read', data: 'Yg==' });
    questions.answered(1, { kind: 'read', data: 'YQ==' });
    questions.answered(9, { kind: 'read', data: 'nobody asked' });
    expect([(await first).data, (await second).data]).to.deep.equal(['YQ==', 'Yg==']);
  });

  it('fail with the refusal that procwrap gives', async () => {
    const questions = new Questions(() => true);
    const answer = questions.ask(check).catch((error: unknown) => error);
    questions.answered(1, { kind: 'refused', code: 'no-such-file', message: 'No such file "x".' });
    const refusal = (await answer) as Refusal;
    expect(refusal).to.be.instanceOf(Refusal);
    expect([refusal.code, refusal.message]).to.deep.equal(['no-such-file', 'No such file "x".']);
  });

  it('fail when the answer is of another kind', async () => {
    const questions = new Questions(() => true);
    const answer = questions.ask(check).catch((error: Error) => error.message);
    questions.answered(1, { kind: 'read', data: '' });
    expect(await answer).to.match(/"read" where "close" was asked/);
  });

  it('fail when the link is not there, and when it ends', async () => {
    const away = new Questions(() => false);
    expect(await away.ask(check).catch((error: Refusal) => error.code)).to.equal('not-ready');
    const ending = new Questions(() => true);
    const answer = ending.ask(check).catch((error: Refusal) => error.message);
    ending.ended('the other end closed the connection');
    expect(await answer).to.equal('The host is not connected (the other end closed the connection). Try again.');
  });
});
