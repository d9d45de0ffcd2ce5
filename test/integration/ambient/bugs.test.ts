import {
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { expect } from 'chai';
import { checkAmbient } from '../../../src/ambient/check.ts';
import { Gate } from '../../../src/ambient/gate.ts';
import { realClock } from '../../../src/executor/clock.ts';
import { LitRun } from '../../../src/executor/indirect/lit-run.ts';
import type { Run } from '../../../src/executor/run.ts';
import { locksOn } from '../../../src/unix/lock-table.ts';
import { tryLock } from '../../../src/unix/locks.ts';
import { LabClock } from '../../support/gate-lab.ts';
import { inSharedRooms, lost, type Render, type SharedRoom, type Simulation } from '../../support/shared-room.ts';
import { waitUntil } from '../../support/wait-until.ts';

/**
 * Three bugs of Radiance, each with real rpicts: without the gate, where they must do damage, or the rest proves nothing;
 * and with it. Nothing depends on how fast anything is: processes are stopped, and locks are held.
 */
describe('a bug of Radiance, without the gate and with it', () => {
  let room: SharedRoom;
  let clock: LabClock;
  let gate: Gate;

  inSharedRooms('sound.amb', (made) => {
    room = made;
    clock = new LabClock();
    gate = new Gate(clock);
  });

  async function verdict(name: string): Promise<string> {
    const fd = openSync(room.at(name), 'r');
    const { is } = await checkAmbient(fd);
    closeSync(fd);
    return is;
  }

  /** As the executor does it, for a simulation that ends by itself. */
  async function throughGate(name: string, render: Render = {}): Promise<Simulation> {
    const passage = await gate.enter(room.wanted(name), () => false);
    const simulation = room.start(name, render);
    simulation.readPicture();
    await simulation.hasLoaded();
    passage.opened();
    await simulation.ended;
    expect((await passage.leave()).damage).to.equal(null);
    return simulation;
  }

  /** Stands for an rpict that has the write lock and has written the first bytes of a record. */
  function writerInTheMiddle(name: string): { finish(): void; readonly fd: number; readonly bytes: number } {
    const fd = openSync(room.at(name), constants.O_RDWR);
    expect(tryLock(fd)).to.equal(true);
    const bytes = statSync(room.at(name)).size;
    const record = Buffer.alloc(67);
    readSync(fd, record, 0, 67, bytes - 67);
    writeSync(fd, record, 0, 40, bytes);
    const finish = () => {
      writeSync(fd, record, 40, 27, bytes + 40);
      closeSync(fd);
    };
    return { finish, fd, bytes };
  }

  describe('A: who starts loads without a lock, and cuts the file under the lock of another', () => {
    it('without: the file is changed while another holds the write lock, and records are lost', async () => {
      copyFileSync(room.at('sound.amb'), room.at('a.amb'));
      const writer = writerInTheMiddle('a.amb');
      const simulation = room.start('a.amb', { pixels: 64 });
      simulation.readPicture();
      await waitUntil('rpict in want of the lock', () =>
        locksOn(statSync(room.at('a.amb'))).some(({ pid, waits }) => pid === simulation.pid && waits),
      );
      expect(simulation.complaints.join()).to.include('(corrupted)');
      const held = Buffer.alloc(67);
      readSync(writer.fd, held, 0, 67, writer.bytes);
      expect(held.subarray(0, 40).equals(room.bytes('sound.amb').subarray(-67, -27))).to.equal(false);
      writer.finish();
      await simulation.ended;
      expect(await verdict('a.amb')).to.equal('damaged');
      expect((await room.rendered('a.amb')).complaints.join()).to.match(/ignoring last [1-9]\d* values/);
    });

    it('with: nobody starts before the record is written, and all records stay', async () => {
      copyFileSync(room.at('sound.amb'), room.at('a.amb'));
      const writer = writerInTheMiddle('a.amb');
      let isIn = false;
      const entering = throughGate('a.amb', { pixels: 64 }).finally(() => {
        isIn = true;
      });
      await waitUntil('somebody who was refused several times', () => clock.waits > 3);
      expect(isIn || room.running.length > 1).to.equal(false);
      expect(statSync(room.at('a.amb')).size).to.equal(writer.bytes + 40);
      const before = room.records('a.amb').all;
      writer.finish();
      expect((await entering).complaints).to.deep.equal([]);
      expect(await verdict('a.amb')).to.equal('sound');
      expect(lost(before, room.records('a.amb').all)).to.equal(0);
      expect((await room.rendered('a.amb')).complaints).to.deep.equal([]);
    });
  });

  describe('B: who has cut a partial record off writes askew', () => {
    /** A process was killed in the middle of its write. */
    function cutShort(): readonly string[] {
      copyFileSync(room.at('sound.amb'), room.at('b.amb'));
      truncateSync(room.at('b.amb'), statSync(room.at('b.amb')).size - 20);
      return room.records('b.amb').all;
    }

    it('without: it ends with 0, and the next one throws its values away', async () => {
      cutShort();
      const simulation = await room.rendered('b.amb', { pixels: 64 });
      expect(simulation.child.exitCode).to.equal(0);
      expect(room.records('b.amb').over).not.to.equal(0);
      expect(await verdict('b.amb')).to.equal('damaged');
      expect((await room.rendered('b.amb')).complaints.join()).to.match(/ignoring last [1-9]\d* values/);
    });

    it('with: it writes whole records after those that were there', async () => {
      const before = cutShort();
      const simulation = await throughGate('b.amb', { pixels: 64 });
      expect(simulation.complaints).to.deep.equal([]);
      const { all, over } = room.records('b.amb');
      expect([over, lost(before, all), all.length > before.length]).to.deep.equal([0, 0, true]);
      expect(await verdict('b.amb')).to.equal('sound');
      expect((await room.rendered('b.amb')).complaints).to.deep.equal([]);
    });
  });

  describe('C: who is ended by a signal writes without a lock over what others wrote', () => {
    /** An rpict that has values to write and stands still, because nobody reads its picture. */
    async function standing(simulation: Simulation): Promise<void> {
      await simulation.hasLoaded();
      let before = '';
      await waitUntil('rpict to stand still', () => {
        const now = readStat(simulation.pid);
        const same = now === before && now.startsWith('S ');
        before = now;
        return same;
      });
    }

    it('without: records of a process that has ended long ago are gone', async () => {
      copyFileSync(room.at('sound.amb'), room.at('c.amb'));
      const simulation = room.start('c.amb', { pixels: 400 });
      await standing(simulation);
      await room.rendered('c.amb', { view: 'window', pixels: 64 });
      const before = room.records('c.amb').all;
      simulation.signal('SIGTERM');
      // Its last deed is to write the rest of the picture, for which it has 15 s.
      simulation.readPicture();
      await simulation.ended;
      expect(lost(before, room.records('c.amb').all)).to.be.greaterThan(0);
    });

    it('with: none is', async () => {
      copyFileSync(room.at('sound.amb'), room.at('c.amb'));
      const passage = await gate.enter(room.wanted('c.amb'), () => false);
      const simulation = room.start('c.amb', { pixels: 400 });
      await standing(simulation);
      passage.opened();
      await throughGate('c.amb', { view: 'window', pixels: 64 });
      const before = room.records('c.amb').all;
      new LitRun(runOf(simulation), passage, realClock).stop();
      await simulation.ended;
      expect(await passage.leave()).to.deep.equal({ damage: null });
      expect(lost(before, room.records('c.amb').all)).to.equal(0);
      expect(await verdict('c.amb')).to.equal('sound');
    });
  });
});

/** As the executor has it: told to end gently, it gets TERM, and its picture is read on. */
function runOf(simulation: Simulation): Run {
  return {
    pid: simulation.pid,
    ended: simulation.ended.then((exit) => ({ exit, signal: null, lost: false, outOfMemory: false, usage: null })),
    stop: (how) => {
      simulation.signal(how === 'gently' ? 'SIGTERM' : 'SIGKILL');
      simulation.readPicture();
    },
    pause: () => simulation.signal('SIGSTOP'),
    resume: () => simulation.signal('SIGCONT'),
  };
}

/** State and time of a process. */
function readStat(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return `${words[0]} ${words[11]} ${words[12]}`;
}
