import { closeSync, existsSync, openSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { AmbientFile } from '../../../../src/ambient/ambient-file.ts';
import { checkAmbient } from '../../../../src/ambient/check.ts';
import type { Model } from '../../../../src/ambient/fits.ts';
import { Place } from '../../../../src/ambient/place.ts';
import { Kept } from '../../../../src/executor/indirect/kept.ts';
import { oneAtATime } from '../../../../src/executor/indirect/one-at-a-time.ts';
import { ambientHeader, ambientRecords, usualCommand } from '../../../support/ambient.ts';
import { temporary } from '../../../support/executor.ts';
import { LabClock, labModel } from '../../../support/gate-lab.ts';
import { waitUntil } from '../../../support/wait-until.ts';

describe('a file that several hosts add to, where locks do not hold', () => {
  let base: ReturnType<typeof temporary>;
  let directory: number;
  let place: Place;
  let clock: LabClock;
  const at = (name: string) => join(base.path, name);

  beforeEach(() => {
    base = temporary('one-at-a-time');
    directory = openSync(base.path, 'r');
    place = new Place(directory, 'room.amb');
    clock = new LabClock();
  });
  afterEach(() => {
    place.close();
    closeSync(directory);
    base[Symbol.dispose]();
  });

  let others = 0;
  /** Another host is at it: the number of its file may be that of the last, its date is not. */
  const comes = () => {
    rmSync(at('room.amb.merging'));
    writeFileSync(at('room.amb.merging'), '');
    others += 1;
    utimesSync(at('room.amb.merging'), others, others);
  };
  /** Whoever waits has seen what there is. */
  const looksAgain = async () => {
    const before = clock.waits;
    await waitUntil('another look', () => clock.waits > before + 1);
  };
  const refused = (entering: Promise<unknown>) =>
    entering.then(
      () => 'done',
      (error: Error) => error.message,
    );

  it('has all that three of them add at the same moment', async () => {
    const write = (name: string, ...records: Buffer[]) =>
      writeFileSync(at(name), Buffer.concat([ambientHeader(), ...records]));
    const kept = ambientRecords(3);
    write('room.amb', kept);
    const model: Model = labModel();
    const bytes = ambientHeader().length + kept.length;
    const added = ['1.1.1', '2.1.1', '3.1.1'].map(async (attempt, number) => {
      write(`${attempt}.own`, kept, ambientRecords(2, 10 * (number + 1)));
      const host = new Kept({ directory, path: 'room.amb', attempt, locks: { holds: false } }, new LabClock());
      const own = new Place(directory, `${attempt}.own`);
      const made = AmbientFile.open(own);
      try {
        return made && (await host.add(made, model, bytes));
      } finally {
        made?.close();
        rmSync(at(own.path));
        own.close();
        host.close();
      }
    });
    expect(await Promise.all(added)).to.deep.equal([null, null, null]);
    const fd = openSync(at('room.amb'), 'r');
    const { is, records } = await checkAmbient(fd);
    closeSync(fd);
    expect([is, records]).to.deep.equal(['sound', 9]);
    expect(readdirSync(base.path).sort()).to.deep.equal(['proc', 'room.amb', 'room.amb.json']);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
  });

  describe('with the file of another model in the way', () => {
    const command = usualCommand.replace('-ab 1', '-ab 2');
    const other = Buffer.concat([ambientHeader([command, 'NCOMP=3', 'FORMAT=Radiance_ambval']), ambientRecords(3)]);
    let host: Kept;
    beforeEach(() => {
      writeFileSync(at('room.amb'), other);
      writeFileSync(at('room.amb.merging'), '');
      host = new Kept({ directory, path: 'room.amb', attempt: '1.1.1', locks: { holds: false } }, clock);
    });
    afterEach(() => host.close());

    it('sets that aside in its turn, and not what another host has put in its place meanwhile', async () => {
      const late = host.giveWay(labModel());
      await looksAgain();
      writeFileSync(at('room.amb'), Buffer.concat([ambientHeader(), ambientRecords(4)]));
      rmSync(at('room.amb.merging'));
      expect(await late).to.equal(null);
      expect(readdirSync(base.path)).to.deep.equal(['room.amb']);
      writeFileSync(at('room.amb'), other);
      expect(await host.giveWay(labModel())).to.match(
        /^room\.amb was set aside as room\.amb\.other-1\. .*-ab 2 against/,
      );
      expect(readdirSync(base.path).sort()).to.deep.equal(['room.amb.other-1', 'room.amb.other-1.reason']);
    });

    it('leaves it to those who are not cancelled before their turn', async () => {
      let isCancelled = false;
      const waiting = refused(host.giveWay(labModel(), () => isCancelled));
      await looksAgain();
      isCancelled = true;
      expect(await waiting).to.equal('Nobody waits for the ambient file any more.');
      expect(readdirSync(base.path).sort()).to.deep.equal(['room.amb', 'room.amb.merging']);
    });
  });

  it('is free again when what was done to it failed', async () => {
    expect(await refused(oneAtATime(place, clock, () => Promise.reject(new Error('EIO'))))).to.equal('EIO');
    expect(existsSync(at('room.amb.merging'))).to.equal(false);
  });

  it('is free when its host has been dead for a minute, counted for each anew', async () => {
    writeFileSync(at('room.amb.merging'), '');
    let isDone = false;
    const waiting = oneAtATime(place, clock, async () => {
      isDone = true;
    });
    await looksAgain();
    clock.ahead += 50_000;
    // Another host has come in meanwhile.
    comes();
    await looksAgain();
    clock.ahead += 50_000;
    await looksAgain();
    expect(isDone).to.equal(false);
    clock.ahead += 10_000;
    await waiting;
    expect([isDone, existsSync(at('room.amb.merging'))]).to.deep.equal([true, false]);
  });

  it('is left to another who took its host for dead', async () => {
    await oneAtATime(place, clock, async () => {
      comes();
    });
    expect(existsSync(at('room.amb.merging'))).to.equal(true);
  });

  it('is given up where too many come first', async () => {
    writeFileSync(at('room.amb.merging'), '');
    const late = refused(oneAtATime(place, clock, async () => {}));
    for (let hosts = 0; hosts < 4; hosts += 1) {
      await looksAgain();
      clock.ahead += 45_000;
      comes();
    }
    expect(await late).to.equal('room.amb is being added to by others; nobody came in for too long.');
  });
});
