import { expect } from 'chai';
import { Turn } from '../../../src/executor/turn.ts';

describe('the turn of a program', () => {
  let said: string[];
  const note = (what: string) => () => said.push(what);
  const make = () => new Turn(true, note('came'));

  beforeEach(() => {
    said = [];
  });

  it('is there at once where there is nothing to wait for', () => {
    const turn = new Turn(false, note('came'));
    turn.whenCome(note('deed'));
    turn.come();
    turn.go();
    turn.cancel();
    expect([turn.isCome, turn.isCancelled, said]).to.deep.equal([true, false, ['deed']]);
  });

  it('comes once, and what waits for it is done in its order', () => {
    const turn = make();
    turn.whenCome(note('first'));
    turn.whenCome(note('second'));
    expect([turn.isCome, said]).to.deep.equal([false, []]);
    turn.come();
    turn.come();
    turn.whenCome(note('third'));
    expect(said).to.deep.equal(['came', 'first', 'second', 'third']);
  });

  it('is hurried at the spawner, or before its start got there', () => {
    const turn = make();
    turn.waitAt((what) => said.push(what));
    turn.go();
    turn.go();
    expect(said).to.deep.equal(['go', 'came']);
    const early = make();
    early.go();
    expect([early.isCome, said]).to.deep.equal([true, ['go', 'came', 'came']]);
  });

  it('is cancelled at the spawner, also when the start gets there later', () => {
    const turn = make();
    turn.waitAt((what) => said.push(what));
    turn.cancel();
    turn.cancel();
    turn.go();
    expect([turn.isCancelled, said]).to.deep.equal([true, ['cancel']]);
    const early = make();
    early.cancel();
    early.waitAt((what) => said.push(`late ${what}`));
    expect(said).to.deep.equal(['cancel', 'late cancel']);
  });

  it('may have come before it could be cancelled', () => {
    const turn = make();
    turn.cancel();
    turn.come();
    expect([turn.isCome, turn.isCancelled, said]).to.deep.equal([true, false, ['came']]);
  });

  it('is waited for, or its being cancelled', async () => {
    const coming = make();
    const comes = coming.comes();
    coming.go();
    expect([await comes, await coming.comes()]).to.deep.equal([true, true]);
    const cancelled = make();
    const never = cancelled.comes();
    cancelled.cancel();
    expect([await never, await cancelled.comes()]).to.deep.equal([false, false]);
  });
});
