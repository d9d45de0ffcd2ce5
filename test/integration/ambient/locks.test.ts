import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { Gate } from '../../../src/ambient/gate.ts';
import type { Limits } from '../../../src/ambient/passage.ts';
import { Reading, standsStill } from '../../../src/ambient/reading.ts';
import { realClock } from '../../../src/executor/clock.ts';
import { keepersOf, locksOn } from '../../../src/unix/lock-table.ts';
import { tryLock, unlock } from '../../../src/unix/locks.ts';
import { O_PATH } from '../../../src/unix/walk.ts';
import { GateLab } from '../../support/gate-lab.ts';
import { forbidGrowth, growsAlways } from '../../support/no-growth.ts';
import { inSharedRooms, lost, type SharedRoom, type Simulation } from '../../support/shared-room.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** From now on it can only be looked at and closed. */
function breakDescriptor(fd: number): void {
  closeSync(fd);
  expect(openSync('/', O_PATH)).to.equal(fd);
}

const sources = join(import.meta.dirname, '../../../src');

describe('the locks of the gate', () => {
  let lab: GateLab;
  let others: ChildProcess[];
  beforeEach(() => {
    lab = new GateLab();
    others = [];
  });
  afterEach(async () => {
    for (const other of others) {
      other.kill('SIGKILL');
      if (other.exitCode === null && other.signalCode === null) await once(other, 'exit');
    }
    await lab.remove();
  });

  async function labWith(limits: Partial<Limits>): Promise<void> {
    await lab.remove();
    lab = new GateLab(limits);
  }

  /** Another process that does something and says `here`; its name is node. */
  async function elsewhere(deed: string): Promise<ChildProcess> {
    const program = `
      const { openSync } = await import('node:fs');
      const { tryLock } = await import('${pathToFileURL(join(sources, 'unix/locks.js')).href}');
      ${deed}
      console.log('here');
      setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 2] });
    others.push(child);
    await once(child.stdout ?? child, 'data');
    return child;
  }

  const holder = (more: string, kind: string) =>
    elsewhere(`tryLock(openSync('${lab.at(more)}', 'r+'), '${kind}') || process.exit(1);`);

  async function messageOf(entering: Promise<unknown>): Promise<string> {
    return await entering.then(
      () => 'entered',
      (error: Error) => error.message,
    );
  }

  it('tell who is in the way, when it takes too long', async () => {
    lab.write(3);
    const other = await holder('', 'write');
    const entering = messageOf(lab.enter());
    await waitUntil('somebody who waits', () => lab.clock.waits > 3);
    lab.clock.ahead += 301_000;
    expect(await entering).to.equal(
      `ambfiles/room.amb is locked by process ${other.pid} (node); nobody came in for too long.`,
    );
    other.kill('SIGKILL');
    await lab.enter();
    const waiting = messageOf(lab.enter({ parameters: '-ab 9' }));
    await waitUntil('somebody who waits', () => lab.clock.waits > 6);
    lab.clock.ahead += 301_000;
    expect(await waiting).to.include('is locked by another simulation of this host; nobody came in for too long.');
  });

  it('tell who makes the file, when that takes too long', async () => {
    const maker = await lab.enter();
    rmSync(lab.at(), { force: true });
    const other = await messageOf(new Gate(lab.clock, { enter: 0 }).enter(lab.wanted(), () => false));
    expect(other).to.include('is being entered or made by another simulation of this host; nobody came in');
    await maker.leave();
    await holder('.json', 'write');
    const third = await messageOf(new Gate(lab.clock, { enter: 0 }).enter(lab.wanted(), () => false));
    expect(third).to.match(/is being entered or made by process \d+ \(node\)/);
  });

  it('end with their process, whatever it was doing', async () => {
    lab.write(3);
    const gate = pathToFileURL(join(sources, 'ambient/gate.js')).href;
    const clock = pathToFileURL(join(sources, 'executor/clock.js')).href;
    const { directory: _, ...wanted } = lab.wanted();
    const procwrap = (path: string) =>
      elsewhere(`
        const { Gate } = await import('${gate}');
        const { realClock } = await import('${clock}');
        const wanted = { ...${JSON.stringify(wanted)}, path: '${path}', directory: openSync('${lab.directory}', 'r') };
        await new Gate(realClock).enter(wanted, () => false);`);
    const reader = await procwrap('ambfiles/room.amb');
    expect(lab.free()).to.equal('read');
    reader.kill('SIGKILL');
    await waitUntil('a free file', () => lab.free() === 'write');
    rmSync(lab.at());
    const maker = await procwrap('ambfiles/room.amb');
    expect(lab.free('.json')).to.equal('nothing');
    const entering = lab.enter();
    await waitUntil('somebody who waits', () => lab.clock.waits > 3);
    maker.kill('SIGKILL');
    expect((await entering).fd).to.equal(null);
  });

  it('are given up when a process does not come to read the file, but not those of one that fills it', async () => {
    await labWith({ open: 1 });
    const filler = await lab.enter({ fills: true });
    // Whose time is over later.
    await lab.enter({ path: 'ambfiles/later.amb' });
    await waitUntil('the end of its time', () => lab.free('/../later.amb.json') === 'read');
    expect(lab.free('.json')).to.equal('nothing');
    expect(filler.notes).to.deep.equal(['ambfiles/room.amb is made anew.']);
    lab.write(3);
    await filler.leave();
    const slow = await lab.enter();
    await waitUntil('a free file', () => lab.free() === 'write');
    expect(slow.notes).to.deep.equal([
      'ambfiles/room.amb: The simulation has not read the file in 0.001 s; others may write to it from now on.',
    ]);
  });

  it('let those in who wait for a process that fills the file for too long', async () => {
    await labWith({ fill: 1 });
    const filler = await lab.enter({ fills: true });
    lab.write(3);
    filler.opened();
    expect((await lab.enter()).fd).to.be.a('number');
    expect(filler.notes).to.deep.equal(['ambfiles/room.amb is made anew.']);
  });

  it('are given up by one that fills the file when it is paused', async () => {
    const filler = await lab.enter({ fills: true });
    lab.write(3);
    filler.opened();
    expect(lab.free('.json')).to.equal('nothing');
    await filler.alone(() => {}, 'pause');
    expect((await lab.enter()).fd).to.be.a('number');
  });

  it('end though the disk fails, however the process has left', async function () {
    const why = growsAlways();
    if (why !== null) skip(this, why);
    for (const way of ['opened', 'left']) {
      rmSync(lab.at(), { force: true });
      const maker = await lab.enter();
      lab.write(3);
      const allow = forbidGrowth();
      try {
        if (way === 'opened') maker.opened();
        await maker.leave();
      } finally {
        allow();
      }
      expect(lab.free('.json'), way).to.equal('write');
      expect(maker.notes.at(-1), way).to.match(/could not be written beside it: EFBIG/);
    }
  });

  it('say nothing to a timer when the disk fails', async () => {
    await labWith({ open: 1 });
    lab.write(3);
    const passage = await lab.enter();
    breakDescriptor(passage.fd ?? -1);
    await waitUntil('a note', () => passage.notes.some((note) => note.includes('It could not be unlocked: EBADF')));
  });

  it('let those who write in between, however many come to read', async () => {
    lab.write(3);
    const first = await lab.enter();
    const second = await lab.enter();
    lab.clock.ahead += 1001;
    const before = lab.clock.waits;
    const third = lab.enter();
    const fourth = lab.enter();
    await waitUntil('somebody who waits', () => lab.clock.waits > before + 3);
    first.opened();
    expect(lab.free('.json')).to.equal('nothing');
    second.opened();
    for (const passage of await Promise.all([third, fourth])) expect(passage.fd).to.be.a('number');
  });

  describe('alone', () => {
    it('wait for who writes, and keep everybody out meanwhile', async () => {
      lab.write(3);
      const passage = await lab.enter();
      passage.opened();
      const writer = lab.open();
      tryLock(writer, 'write');
      const seen: string[] = [];
      const ending = passage.alone(() => void seen.push(lab.free()));
      await waitUntil('somebody who waits', () => lab.clock.waits > 4);
      expect(seen).to.deep.equal([]);
      unlock(writer);
      await ending;
      expect(seen).to.deep.equal(['nothing']);
      expect(lab.free()).to.equal('write');
      expect(passage.notes).to.deep.equal([]);
    });

    it('come before those who come in later', async () => {
      lab.write(3);
      const [reader, passage] = [await lab.enter(), await lab.enter()];
      passage.opened();
      const seen: string[] = [];
      const ending = passage.alone(() => void seen.push('alone'));
      await waitUntil('its turn', () => lab.free('.json') === 'nothing');
      const before = lab.clock.waits;
      const entering = lab.enter().then(() => seen.push('entered'));
      await waitUntil('somebody who waits', () => lab.clock.waits > before + 5);
      reader.opened();
      await Promise.all([ending, entering]);
      expect(seen).to.deep.equal(['alone', 'entered']);
    });

    it('end a process that is still reading at once, and keep writers out until then', async () => {
      lab.write(3);
      const [one, other] = [await lab.enter(), await lab.enter()];
      other.opened();
      let free = '';
      await one.alone(() => {
        one.opened();
        free = lab.free();
      });
      expect([free, lab.free()]).to.deep.equal(['read', 'write']);
    });

    it('pause a process only when it has read the file', async () => {
      lab.write(3);
      const passage = await lab.enter();
      const seen: string[] = [];
      const pausing = passage.alone(() => void seen.push(lab.free()), 'pause');
      await waitUntil('somebody who waits', () => lab.clock.waits > 4);
      expect(seen).to.deep.equal([]);
      passage.opened();
      await pausing;
      expect(seen).to.deep.equal(['nothing']);
    });

    it('do it all the same when nothing moves, and say why', async () => {
      await labWith({ alone: 20 });
      lab.write(3);
      const passage = await lab.enter();
      const seen: string[] = [];
      await passage.alone(() => void seen.push('paused'), 'pause');
      passage.opened();
      const writer = await holder('', 'write');
      await passage.alone(() => void seen.push('ended'));
      writer.kill('SIGKILL');
      await waitUntil('a free file', () => lab.free() === 'write');
      await passage.alone(() => new Promise<void>(() => {}));
      expect(seen).to.deep.equal(['paused', 'ended']);
      expect(passage.notes).to.deep.equal([
        'ambfiles/room.amb: The simulation was paused before it had read the file: until it goes on nobody can write to it.',
        `ambfiles/room.amb was locked by process ${writer.pid} (node) for too long.`,
        'ambfiles/room.amb: A simulation did not stand still in 0.02 s.',
      ]);
      expect(lab.free()).to.equal('write');
    });

    it('serve two deeds at a time', async () => {
      lab.write(3);
      const passage = await lab.enter();
      passage.opened();
      const { promise, resolve } = Promise.withResolvers<void>();
      const long = passage.alone(() => promise);
      await passage.alone(() => {});
      expect(lab.free()).to.equal('nothing');
      resolve();
      await long;
      expect(lab.free()).to.equal('write');
    });
  });
});

describe('the locks of the gate and real rpicts', () => {
  let room: SharedRoom;
  let gate: Gate;
  inSharedRooms('a.amb', (made) => {
    room = made;
    gate = new Gate(realClock, { alone: 60_000 });
  });

  const entries = () => locksOn(statSync(room.at('a.amb')));

  /** An rpict that has the write lock: it reads in what others have written meanwhile, so much that it takes a while. */
  async function writer(passage: { opened(): void }): Promise<Simulation> {
    const simulation = room.start('a.amb', { pixels: 400 });
    await simulation.hasLoaded();
    passage.opened();
    await waitUntil('rpict to stand still', () => simulation.state === 'S');
    const { all } = room.records('a.amb');
    const many = Array.from({ length: Math.ceil(600_000 / all.length) }, () => all).flat();
    appendFileSync(room.at('a.amb'), Buffer.from(many.join(''), 'latin1'));
    simulation.readPicture();
    await waitUntil('rpict with the write lock', () => {
      simulation.signal('SIGSTOP');
      const has = entries().some(({ pid, kind, waits }) => pid === simulation.pid && kind === 'write' && !waits);
      if (!has) simulation.signal('SIGCONT');
      return has && standsStill(simulation.pid);
    });
    return simulation;
  }

  it('are seen in /proc/locks: rpict waits while ours holds, and goes on when it does not', async () => {
    const passage = await gate.enter(room.wanted('a.amb'), () => false);
    const simulation = room.start('a.amb', { pixels: 64 });
    simulation.readPicture();
    await waitUntil('rpict in want of the lock', () =>
      entries().some(({ pid, waits }) => pid === simulation.pid && waits),
    );
    expect(entries()).to.deep.include({ type: 'OFDLCK', kind: 'read', pid: null, waits: false });
    expect(keepersOf(statSync(room.at('a.amb')))).to.deep.equal([process.pid]);
    const { size } = statSync(room.at('a.amb'));
    passage.opened();
    await simulation.ended;
    expect(statSync(room.at('a.amb')).size).to.be.greaterThan(size);
    expect(await passage.leave()).to.deep.equal({ damage: null });
  });

  it('tell who keeps an rpict waiting that hangs', async () => {
    const passage = await gate.enter(room.wanted('a.amb'), () => false);
    const simulation = room.start('a.amb', { pixels: 64 });
    await simulation.hasLoaded();
    const other = await gate.enter(room.wanted('a.amb'), () => false);
    passage.opened();
    simulation.readPicture();
    await waitUntil('rpict in want of the lock', () => passage.keeperFrom(simulation.pid) !== null);
    expect(passage.keeperFrom(simulation.pid)).to.equal('another simulation of this host');
    other.opened();
    await simulation.ended;
    expect(passage.keeperFrom(simulation.pid)).to.equal(null);
    await other.leave();
    expect(await passage.leave()).to.deep.equal({ damage: null });
  });

  it('name the rpict that holds its own for too long, and outlast its end', async () => {
    const one = await new Gate(realClock, { alone: 100 }).enter(room.wanted('a.amb'), () => false);
    const simulation = await writer(one);
    const late = await new Gate(realClock, { enter: 0 })
      .enter(room.wanted('a.amb'), () => false)
      .catch((error: Error) => error.message);
    expect(late).to.equal(`a.amb is locked by process ${simulation.pid} (rpict); nobody came in for too long.`);
    // It is to be ended itself, in the middle of its write: that cannot be waited for.
    let ended = false;
    await one.alone(async () => {
      ended = true;
      simulation.signal('SIGKILL');
      await simulation.ended;
    });
    expect(ended).to.equal(true);
    expect(one.notes.at(-1)).to.equal(`a.amb was locked by process ${simulation.pid} (rpict) for too long.`);
    expect(await one.leave()).to.deep.equal({ damage: null });
    const next = await gate.enter(room.wanted('a.amb'), () => false);
    expect(next.notes).to.deep.equal([]);
    await next.leave();
  });

  it('let another be ended only after its write', async () => {
    const [one, other] = [
      await gate.enter(room.wanted('a.amb'), () => false),
      await gate.enter(room.wanted('a.amb'), () => false),
    ];
    other.opened();
    const simulation = await writer(one);
    const { all } = room.records('a.amb');
    let free = false;
    const ending = other.alone(() => {
      free = !entries().some(({ pid, waits }) => pid === simulation.pid && !waits);
    });
    simulation.signal('SIGCONT');
    await ending;
    expect(free).to.equal(true);
    expect(other.notes).to.deep.equal([]);
    await one.alone(async () => {
      simulation.signal('SIGKILL');
      await simulation.ended;
    });
    expect(await one.leave()).to.deep.equal({ damage: null });
    await other.leave();
    expect(lost(all, room.records('a.amb').all)).to.equal(0);
  });

  it('see rtrace read the file to its end, not before', async () => {
    const passage = await gate.enter(room.wanted('a.amb'), () => false);
    const args = '-h -ab 2 -ad 16 -as 0 -aa .15 -ar 64 -af a.amb room.oct'.split(' ');
    const tracer = room.background('rtrace', args);
    await waitUntil('rtrace to read the file', () => passage.hasRead(tracer.pid));
    tracer.signal('SIGSTOP');
    expect(new Reading().isOver(tracer.pid, statSync(room.at('a.amb')), statSync(room.at('a.amb')).size)).to.equal(
      false,
    );
    passage.opened();
    await tracer.end();
    expect(await passage.leave()).to.deep.equal({ damage: null });
  });
});
