import { expect } from 'chai';
import { startHeartbeat } from '../../../src/daemon/heartbeat.ts';

describe('signs of life', () => {
  let beats: number;
  let troubles: string[];
  let interval: number;
  let tick: () => void;
  let check: () => Promise<unknown>;
  beforeEach(() => {
    [beats, troubles, interval] = [0, [], 0];
    check = () => Promise.resolve();
  });
  const settled = () => new Promise((done) => setImmediate(done));
  const begin = (watchdog = 60_000_000) => {
    startHeartbeat({
      watchdog,
      check: () => check(),
      beat: () => {
        beats += 1;
      },
      trouble: (error) => troubles.push(String(error)),
      every: (milliseconds, then) => {
        interval = milliseconds;
        tick = then;
      },
    });
    return settled();
  };
  const pass = () => {
    tick();
    return settled();
  };

  it('are given at once and twice in the time that is borne', async () => {
    await begin();
    expect([beats, interval]).to.deep.equal([1, 30_000]);
    await pass();
    expect(beats).to.equal(2);
    await begin(1);
    expect(interval).to.equal(1);
  });

  it('are not given while the check hangs, and the check is not asked again meanwhile', async () => {
    await begin();
    let [asked, answer] = [0, () => {}];
    check = () => {
      asked += 1;
      return new Promise<void>((done) => {
        answer = done;
      });
    };
    for (let n = 0; n < 3; n++) await pass();
    expect([beats, asked]).to.deep.equal([1, 1]);
    answer();
    await settled();
    expect(beats).to.equal(2);
  });

  it('are not given while the check fails, which is said once until it is well again', async () => {
    await begin();
    check = () => Promise.reject(new Error('no store'));
    for (let n = 0; n < 3; n++) await pass();
    expect([beats, troubles]).to.deep.equal([1, ['Error: no store']]);
    check = () => Promise.resolve();
    await pass();
    check = () => Promise.reject(new Error('gone again'));
    await pass();
    expect([beats, troubles]).to.deep.equal([2, ['Error: no store', 'Error: gone again']]);
  });
});
