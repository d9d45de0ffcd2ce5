import { expect } from 'chai';
import { Status } from '../../../src/daemon/status.ts';

describe('the line that a service manager shows', () => {
  let told: string[];
  let pauses: { milliseconds: number; then: () => void }[];
  let line: string;
  let status: Status;
  beforeEach(() => {
    [told, pauses, line] = [[], [], 'none'];
    status = new Status(
      (text) => told.push(text),
      (milliseconds, then) => pauses.push({ milliseconds, then }),
    );
  });
  const becomes = (text: string) => {
    line = text;
    status.changed();
  };
  const passPause = () => pauses.shift()?.then();

  it('is told when it changes, and not when it does not', () => {
    expect(status.open(() => line)).to.equal('none');
    becomes('none');
    expect(told).to.deep.equal([]);
    passPause();
    becomes('one');
    expect(told).to.deep.equal(['one']);
  });

  it('is not even looked at more than once a second, for that takes time where there are many jobs', () => {
    let looks = 0;
    status.open(() => {
      looks += 1;
      return 'none';
    });
    for (let n = 0; n < 100; n++) status.changed();
    expect(looks).to.equal(2);
    passPause();
    expect(looks).to.equal(3);
  });

  it('is told once a second at most, and then as it is', () => {
    status.open(() => line);
    for (const text of ['one', 'two', 'three']) becomes(text);
    expect(told).to.deep.equal(['one']);
    expect(pauses.map(({ milliseconds }) => milliseconds)).to.deep.equal([1000]);
    passPause();
    expect(told).to.deep.equal(['one', 'three']);
    passPause();
    expect(pauses).to.deep.equal([]);
    becomes('four');
    expect(told).to.deep.equal(['one', 'three', 'four']);
  });

  it('is not told again when it is what it was after a second', () => {
    status.open(() => line);
    for (const text of ['one', 'two', 'one']) becomes(text);
    passPause();
    expect(told).to.deep.equal(['one']);
    passPause();
    becomes('two');
    expect(told).to.deep.equal(['one', 'two']);
  });

  it('is nothing before it is opened, and after it is closed', () => {
    becomes('one');
    status.open(() => line);
    becomes('two');
    becomes('three');
    status.close();
    passPause();
    becomes('four');
    expect(told).to.deep.equal(['two']);
  });
});
