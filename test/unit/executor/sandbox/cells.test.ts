import { expect } from 'chai';
import type { Cell } from '../../../../src/executor/cell.ts';
import { Cells } from '../../../../src/executor/sandbox/cells.ts';
import { HandClock } from '../../../support/executor.ts';

/** Cells that are made up, but for their /tmp: it is that of this process. */
class Made {
  readonly names: string[] = [];
  readonly closed: string[] = [];
  readonly #endings = new Map<string, () => void>();

  open(name: string): () => Promise<Cell> {
    return async () => {
      this.names.push(name);
      const ended = new Promise<Awaited<Cell['ended']>>((settle) => {
        this.#endings.set(name, () =>
          settle({ exit: null, signal: 'SIGKILL', lost: false, outOfMemory: false, usage: null }),
        );
      });
      const close = () => {
        this.closed.push(name);
        this.end(name);
      };
      return { number: this.names.length, pid: process.pid, ended, close };
    };
  }

  end(name: string): void {
    this.#endings.get(name)?.();
  }
}

describe('cells', () => {
  let clock: HandClock;
  let cells: Cells;
  let made: Made;
  let isFull: boolean;
  let mounted: Set<bigint>;
  const shown = (key: string, project = '/p', device = 7n) => ({ key, project, device });
  const enter = (key: string, project?: string, device?: bigint) =>
    cells.enter(shown(key, project, device), made.open(key));

  beforeEach(() => {
    clock = new HandClock();
    isFull = false;
    mounted = new Set([7n, 8n]);
    cells = new Cells(clock, { isHalfFull: () => isFull, isMounted: (device) => mounted.has(device) });
    made = new Made();
  });

  it('are made once for all that see the same', async () => {
    const [one, two, other] = await Promise.all([enter('a'), enter('a'), enter('b')]);
    expect(made.names).to.deep.equal(['a', 'b']);
    expect(one.cell.number).to.equal(two.cell.number);
    expect(other.cell.number).to.not.equal(one.cell.number);
  });
  it('stay for a minute after their last user', async () => {
    const stay = await enter('a');
    clock.pass(600_000);
    stay.leave();
    clock.pass(59_999);
    const again = await enter('a');
    clock.pass(600_000);
    expect(made.closed).to.deep.equal([]);
    again.leave();
    clock.pass(60_000);
    expect(made.closed).to.deep.equal(['a']);
    await enter('a');
    expect(made.names).to.deep.equal(['a', 'a']);
  });
  it('are left once, however often somebody says so', async () => {
    const [one] = [await enter('a'), await enter('a')];
    one.leave();
    one.leave();
    clock.pass(60_000);
    expect(made.closed).to.deep.equal([]);
  });
  it('are not kept by the hundred', async () => {
    for (let number = 1; number <= 20; number++) (await enter(`cell ${number}`)).leave();
    expect(made.closed).to.deep.equal(['cell 1', 'cell 2', 'cell 3', 'cell 4']);
  });
  it('whose /tmp has become full are left to those who are there', async () => {
    const stay = await enter('a');
    isFull = true;
    expect((await enter('a')).cell.number).to.equal(stay.cell.number);
    clock.pass(5000);
    expect((await enter('a')).cell.number).to.equal(2);
    expect(made.closed).to.deep.equal([]);
  });
  it('whose /tmp is full when several come are made anew for all of them, and closed once', async () => {
    (await enter('a')).leave();
    isFull = true;
    clock.pass(5000);
    const stays = await Promise.all([enter('a'), enter('a'), enter('a')]);
    expect(stays.map(({ cell }) => cell.number)).to.deep.equal([2, 2, 2]);
    for (const { leave } of stays) leave();
    expect(made.closed).to.deep.equal(['a']);
  });
  it('that end at once are not made for ever', async () => {
    const ending = async () => {
      const cell = await made.open('a')();
      made.end('a');
      return cell;
    };
    expect(await cells.enter(shown('a'), ending).catch(({ message }: Error) => message)).to.equal(
      'it ends as soon as it is made',
    );
    expect(made.names).to.deep.equal(['a', 'a', 'a']);
  });
  it('that have gone by themselves are made anew', async () => {
    const stay = await enter('a');
    made.end('a');
    await Promise.resolve();
    await enter('a');
    expect(made.names).to.deep.equal(['a', 'a']);
    stay.leave();
    expect(made.closed).to.deep.equal(['a']);
  });
  it('that cannot be made are tried again by the next one', async () => {
    const failing = () => Promise.reject(new Error('no space'));
    const failures = await Promise.allSettled([cells.enter(shown('a'), failing), cells.enter(shown('a'), failing)]);
    expect(failures.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    await enter('a');
    expect(made.names).to.deep.equal(['a']);
  });
  it('that take too long are given up, and closed when they come after all', async () => {
    let come: (cell: Cell) => void = () => {};
    const slow = new Promise<Cell>((settle) => {
      come = settle;
    });
    const entering = cells.enter(shown('a'), () => slow);
    clock.pass(30_000);
    const error = await entering.then(
      () => null,
      (reason: Error) => reason.message,
    );
    expect(error).to.equal('bubblewrap was not ready after 30 seconds; does a file system hang?');
    come(await made.open('late')());
    await slow;
    await Promise.resolve();
    expect(made.closed).to.deep.equal(['late']);
  });
  it('whose /tmp cannot be reached are closed', async () => {
    const cell = { ...(await made.open('a')()), pid: 0 };
    const error = await cells
      .enter(shown('a'), async () => cell)
      .then(
        () => null,
        (reason: NodeJS.ErrnoException) => reason.code,
      );
    expect(error).to.equal('ENOENT');
    expect(made.closed).to.deep.equal(['a']);
  });
  it('of a project that is away are closed, or left to those who are there', async () => {
    (await enter('idle')).leave();
    const stay = await enter('used');
    (await enter('of another', '/q')).leave();
    cells.retire('/p');
    expect(made.closed).to.deep.equal(['idle']);
    await enter('used');
    expect(made.names).to.deep.equal(['idle', 'used', 'of another', 'used']);
    stay.leave();
    expect(made.closed).to.deep.equal(['idle', 'used']);
  });
  it('that nobody uses do not hold for long what was unmounted', async () => {
    const used = await enter('used', '/r', 8n);
    for (const [key, device] of [
      ['other', 7n],
      ['idle', 8n],
      ['unknown', 9n],
    ] as const)
      (await enter(key, `/${key}`, device)).leave();
    clock.pass(5000);
    expect(made.closed).to.deep.equal([]);
    mounted.delete(8n);
    clock.pass(5000);
    expect(made.closed).to.deep.equal(['idle']);
    used.leave();
    clock.pass(5000);
    expect(made.closed).to.deep.equal(['idle', 'used']);
    for (let times = 0; times < 10; times++) clock.pass(5000);
    expect(made.closed).to.have.members(['idle', 'used', 'other', 'unknown']);
  });
});
