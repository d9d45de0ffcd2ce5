import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { expect } from 'chai';
import { Gate } from '../../../src/ambient/gate.ts';
import { GateError } from '../../../src/ambient/waiting.ts';
import { tryLock } from '../../../src/unix/locks.ts';
import { ambientHeader, ambientRecord, ambientRecords, usualCommand } from '../../support/ambient.ts';
import { GateLab } from '../../support/gate-lab.ts';
import { waitUntil } from '../../support/wait-until.ts';

const header = ambientHeader().length;
const record = 67;
const otherOptions = ambientHeader([
  usualCommand.replace('-ab 1', '-ab 4'),
  'SOFTWARE= RADIANCE 6.0a',
  'NCOMP=3',
  'FORMAT=Radiance_ambval',
]);

describe('the gate', () => {
  let lab: GateLab;
  beforeEach(() => {
    lab = new GateLab();
  });
  afterEach(async () => lab.remove());

  async function refused(entering: Promise<unknown>): Promise<GateError> {
    const error = await entering.then(() => null).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(GateError);
    return error as GateError;
  }

  it('keeps writers out until the process has read the file, and lets readers in', async () => {
    lab.write(3);
    const one = await lab.enter();
    const other = await lab.enter();
    expect(lab.free()).to.equal('read');
    one.opened();
    expect(lab.free()).to.equal('read');
    other.opened();
    other.opened();
    expect(lab.free()).to.equal('write');
    expect([...one.notes, ...other.notes]).to.deep.equal([]);
  });

  it('lets one process make the file, and the others in when it is there', async () => {
    rmSync(lab.at(), { force: true });
    const maker = await lab.enter();
    expect(maker.fd).to.equal(null);
    expect(maker.notes).to.deep.equal(['ambfiles/room.amb is made anew.']);
    const entering = [lab.enter(), lab.enter()];
    await waitUntil('somebody who waits', () => lab.clock.waits > 3);
    expect(lab.free('.json')).to.equal('nothing');
    lab.write(2);
    expect(maker.hasRead(process.pid)).to.equal(true);
    maker.opened();
    for (const passage of await Promise.all(entering)) expect(passage.fd).to.be.a('number');
    expect(lab.sidecar?.octree).to.deep.equal({ path: 'octrees/room.oct', sha256: 'a'.repeat(64) });
    expect(lab.sidecar?.made).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it('keeps others out until a process that fills the file has left', async () => {
    const maker = await lab.enter({ fills: true });
    lab.write(2);
    maker.opened();
    const entering = lab.enter();
    await waitUntil('somebody who waits', () => lab.clock.waits > 3);
    appendFileSync(lab.at(), ambientRecords(5, 2));
    expect(await maker.leave()).to.deep.equal({ damage: null });
    const passage = await entering;
    expect(statSync(lab.at()).ino).to.equal(statSync(`/proc/self/fd/${passage.fd}`).ino);
  });

  it('removes an empty file, and what its maker was killed over', async () => {
    writeFileSync(lab.at(), '');
    const maker = await lab.enter();
    expect(maker.notes[0]).to.equal('ambfiles/room.amb was empty and has been removed.');
    writeFileSync(lab.at(), ambientHeader().subarray(0, 100));
    expect(maker.hasRead(process.pid)).to.equal(false);
    expect(await maker.leave()).to.deep.equal({ damage: null });
    expect(maker.notes.at(-1)).to.equal('ambfiles/room.amb was not made to its end and has been removed.');
    expect(existsSync(lab.at())).to.equal(false);
    expect((await lab.enter()).fd).to.equal(null);
  });

  it('cuts a partial record off, and what follows a damaged one', async () => {
    lab.write(3, Buffer.alloc(20));
    const passage = await lab.enter();
    expect(lab.bytes).to.equal(header + 3 * record);
    expect(passage.notes.join()).to.match(/cut short: 20 of 67 bytes\. The last 20 bytes were cut off\.$/);
    expect(lab.free()).to.equal('read');
    expect(lab.free('.json')).to.equal('read');
    await passage.leave();
    lab.write(3, Buffer.concat([Buffer.alloc(record), ambientRecords(2)]));
    expect((await lab.enter()).notes.join()).to.match(/Record 4 is damaged.* 201 bytes were cut off\.$/);
    expect(lab.bytes).to.equal(header + 3 * record);
  });

  it('waits for those who read a file that is to be cut', async () => {
    lab.write(3);
    const reader = await lab.enter();
    appendFileSync(lab.at(), Buffer.alloc(9));
    const before = lab.clock.waits;
    const entering = lab.enter();
    await waitUntil('somebody who waits', () => lab.clock.waits > before + 3);
    expect(lab.bytes).to.equal(header + 3 * record + 9);
    reader.opened();
    await entering;
    expect(lab.bytes).to.equal(header + 3 * record);
  });

  it('takes a file without a sidecar if options and date fit, and writes one', async () => {
    lab.write(3);
    const modified = statSync(lab.at()).mtimeMs - 1;
    await lab.enter({ octree: { path: 'room.oct', sha256: 'b'.repeat(64), modified } });
    expect(lab.sidecar?.octree.sha256).to.equal('b'.repeat(64));
    expect(lab.bytes).to.equal(header + 3 * record);
  });

  it('sets aside a file that was made with other options, says why, and lets it be made anew', async () => {
    lab.write(3, Buffer.alloc(0), otherOptions);
    const passage = await lab.enter();
    expect(passage.fd).to.equal(null);
    expect(passage.notes[0]).to.equal(
      'ambfiles/room.amb was set aside as ambfiles/room.amb.other-1. ' +
        'The file could not be used: it was made with other options (-ab 4 against -ab 1).',
    );
    expect(statSync(lab.at('.other-1')).size).to.equal(otherOptions.length + 3 * record);
    expect(readFileSync(lab.at('.other-1.reason'), 'utf8')).to.match(/^The file could not be used: .*\.\n$/);
  });

  it('sets aside a file without a sidecar that is older than the octree, and anything else of that name', async () => {
    lab.write(3);
    const modified = statSync(lab.at()).mtimeMs + 1000;
    const older = await lab.enter({ octree: { path: 'room.oct', sha256: 'a'.repeat(64), modified } });
    expect(older.notes[0]).to.include('it is not newer than the octree');
    await older.leave();
    writeFileSync(lab.at(), 'a shopping list');
    expect((await lab.enter()).notes[0]).to.include("This is no ambient file: Radiance's header is missing.");
    expect(readFileSync(lab.at('.other-2'), 'utf8')).to.equal('a shopping list');
  });

  it('keeps three of those that it set aside: the oldest goes', async () => {
    for (const text of ['one', 'two', 'three', 'four']) {
      writeFileSync(lab.at(), text);
      await (await lab.enter()).leave();
    }
    const kept = readdirSync(lab.at('/..')).filter((name) => /other-\d$/.test(name));
    expect(kept.map((name) => readFileSync(lab.at(`/../${name}`), 'utf8')).sort()).to.deep.equal([
      'four',
      'three',
      'two',
    ]);
  });

  it('goes by the content of the octree where a sidecar tells it, not by its date', async () => {
    lab.write(3);
    await (await lab.enter()).leave();
    const octree = { path: 'room.oct', sha256: 'a'.repeat(64), modified: Date.now() + 60_000 };
    const same = await lab.enter({ octree });
    expect(same.notes).to.deep.equal([]);
    await same.leave();
    const other = await lab.enter({ octree: { ...octree, sha256: 'c'.repeat(64), modified: 0 } });
    expect(other.notes[0]).to.include('it was made for another octree');
  });

  it('goes by the whole options where a sidecar tells them: a header has not all', async () => {
    const parameters = `${lab.wanted().parameters} -ms 0.5`;
    const maker = await lab.enter({ parameters });
    lab.write(3);
    maker.opened();
    await maker.leave();
    const same = await lab.enter({ parameters });
    expect(same.notes).to.deep.equal([]);
    await same.leave();
    expect((await lab.enter()).notes[0]).to.include('other options (-ms 0.5 against no -ms)');
  });

  it('does not believe a sidecar whose file was exchanged', async () => {
    lab.write(3);
    await (await lab.enter()).leave();
    const later = ['SOFTWARE= RADIANCE 6.0a', 'CAPDATE= 2030:01:01 00:00:00', 'NCOMP=3', 'FORMAT=Radiance_ambval'];
    lab.write(5, Buffer.alloc(0), ambientHeader([usualCommand, ...later]));
    utimesSync(lab.at(), 1, 1);
    const octree = { path: 'room.oct', sha256: 'a'.repeat(64), modified: 2000 };
    expect((await lab.enter({ octree })).notes[0]).to.include('it is not newer than the octree');
  });

  it('refuses, in a sentence, what cannot be shared', async () => {
    const says = async () => {
      const error = await refused(lab.enter());
      expect(error.why).to.equal('unusable');
      rmSync(lab.at(), { recursive: true });
      return error.message;
    };
    mkdirSync(lab.at());
    expect(await says()).to.equal('ambfiles/room.amb cannot be shared: illegal operation on a directory.');
    writeFileSync(lab.at('.there'), '');
    symlinkSync('room.amb.there', lab.at());
    expect(await says()).to.equal('ambfiles/room.amb cannot be shared: it is a link.');
    linkSync(lab.at('.there'), lab.at());
    expect(await says()).to.equal('ambfiles/room.amb cannot be shared: it has another name, too.');
    execFileSync('mkfifo', [lab.at()]);
    expect(await says()).to.equal('ambfiles/room.amb cannot be shared: it is no regular file.');
    rmSync(lab.at('.json'), { force: true });
    mkdirSync(lab.at('.json'));
    expect((await refused(lab.enter())).message).to.equal(
      'ambfiles/room.amb.json cannot be shared: illegal operation on a directory.',
    );
    expect((await refused(lab.enter({ path: '../room.amb' }))).message).to.match(/^\.\.\/room\.amb cannot be shared: /);
  });

  it("writes into nobody's own file that has the name of the sidecar", async () => {
    const own = '{"name": "my model"}\n';
    writeFileSync(lab.at('.json'), own);
    expect((await refused(lab.enter())).message).to.equal(
      'ambfiles/room.amb.json would say what the ambient file belongs to, but holds something else, which is not ' +
        'overwritten: move it away, or give the ambient file another name.',
    );
    expect(readFileSync(lab.at('.json'), 'utf8')).to.equal(own);
    writeFileSync(lab.at('.json'), '');
    linkSync(lab.at('.json'), lab.at('.other'));
    expect((await refused(lab.enter())).message).to.equal(
      'ambfiles/room.amb.json has another name, too; remove this one.',
    );
    expect(existsSync(lab.at())).to.equal(false);
  });

  it('takes a file away from nobody: while one uses it, others with other parameters are refused', async () => {
    lab.write(3);
    const user = await lab.enter();
    user.opened();
    const before = lab.clock.waits;
    const entering = refused(lab.enter({ parameters: '-ab 7' }));
    await waitUntil('somebody who waits', () => lab.clock.waits > before + 3);
    lab.clock.ahead += 6000;
    const error = await entering;
    expect(error.why).to.equal('in use');
    expect(error.message).to.match(
      /^ambfiles\/room\.amb is in use by other simulations\. The file could not be used: /,
    );
    expect(lab.bytes).to.equal(header + 3 * record);
    await user.leave();
    expect((await lab.enter({ parameters: '-ab 7' })).fd).to.equal(null);
  });

  it('gives up when nobody wants to wait any more', async () => {
    await lab.enter();
    let isOver = false;
    const entering = refused(lab.enter({}, () => isOver));
    await waitUntil('somebody who waits', () => lab.clock.waits > 3);
    isOver = true;
    expect((await entering).why).to.equal('given up');
  });

  it('tells damage that it finds at the end, and a file that has shrunk', async () => {
    lab.write(3);
    const one = await lab.enter();
    one.opened();
    appendFileSync(lab.at(), Buffer.concat([Buffer.alloc(record), ambientRecord()]));
    expect((await one.leave()).damage).to.match(/^ambfiles\/room\.amb: Record 4 is damaged/);
    expect(existsSync(lab.at())).to.equal(false);
    lab.write(3);
    const other = await lab.enter();
    other.opened();
    truncateSync(lab.at(), header + record);
    expect((await other.leave()).damage).to.equal(
      `ambfiles/room.amb has shrunk from ${header + 3 * record} to ${header + record} bytes.`,
    );
  });

  it('does not blame a simulation for what the gate of another host has cut off meanwhile', async () => {
    lab.write(5);
    const one = await lab.enter();
    one.opened();
    const fd = openSync(lab.at(), 'r+');
    writeSync(fd, Buffer.alloc(record), 0, record, header + 2 * record);
    closeSync(fd);
    const elsewhere = await new Gate(lab.clock).enter(lab.wanted(), () => false);
    expect(elsewhere.notes.join()).to.include(`The last ${3 * record} bytes were cut off.`);
    expect(lab.sidecar?.cut?.to).to.equal(header + 2 * record);
    elsewhere.opened();
    expect([await one.leave(), await elsewhere.leave()]).to.deep.equal([{ damage: null }, { damage: null }]);
    // A cut of long ago explains nothing.
    appendFileSync(lab.at(), ambientRecords(2, 9));
    const later = await lab.enter();
    later.opened();
    truncateSync(lab.at(), header + 3 * record);
    expect((await later.leave()).damage).to.match(/has shrunk from \d+ to \d+ bytes\.$/);
  });

  it('blames it where the file is shorter than what was left', async () => {
    lab.write(5);
    const [one, other] = [await lab.enter(), await lab.enter()];
    one.opened();
    other.opened();
    const fd = openSync(lab.at(), 'r+');
    writeSync(fd, Buffer.alloc(record), 0, record, header + 3 * record);
    closeSync(fd);
    expect(await one.quarantine('rpict: ignoring last 2 values')).to.include('was cut, since others use it');
    truncateSync(lab.at(), header + 2 * record);
    expect((await other.leave()).damage).to.match(/has shrunk from \d+ to \d+ bytes\.$/);
    await one.leave();
  });

  it('cuts off what a killed process has left, once, whoever leaves', async () => {
    lab.write(3);
    const [one, other] = [await lab.enter(), await lab.enter()];
    one.opened();
    other.opened();
    appendFileSync(lab.at(), Buffer.alloc(30));
    expect(await Promise.all([one.leave(), other.leave()])).to.deep.equal([{ damage: null }, { damage: null }]);
    expect(lab.bytes).to.equal(header + 3 * record);
    expect([...one.notes, ...other.notes].filter((note) => note.includes('30 bytes were cut off'))).to.have.length(1);
    expect(await one.leave()).to.deep.equal({ damage: null });
  });

  it('sets a damaged file aside with the reason, and leaves one that was put in its place', async () => {
    lab.write(3);
    const [one, other] = [await lab.enter(), await lab.enter()];
    await other.leave();
    expect(await one.quarantine('rpict: ignoring last 351 values')).to.equal(
      'ambfiles/room.amb was set aside as ambfiles/room.amb.damaged-1.',
    );
    expect(readFileSync(lab.at('.damaged-1.reason'), 'utf8')).to.equal('rpict: ignoring last 351 values\n');
    lab.write(4);
    expect(await one.quarantine('again')).to.equal('ambfiles/room.amb is not there any more.');
    await one.leave();
    expect(await one.quarantine('again')).to.equal('ambfiles/room.amb is not there any more.');
    expect(lab.bytes).to.equal(header + 4 * record);
  });

  it('does not take for the rest of a killed process what is damaged by the time that it is to be cut off', async () => {
    lab.write(3);
    const passage = await lab.enter();
    passage.opened();
    appendFileSync(lab.at(), Buffer.alloc(20));
    const reader = lab.open();
    tryLock(reader, 'read');
    const before = lab.clock.waits;
    const leaving = passage.leave();
    await waitUntil('somebody who waits', () => lab.clock.waits > before + 2);
    appendFileSync(lab.at(), Buffer.alloc(100));
    lab.close(reader);
    expect((await leaving).damage).to.match(/^ambfiles\/room\.amb: Record 4 is damaged/);
    expect(existsSync(lab.at('.damaged-1'))).to.equal(true);
  });

  it('cuts a damaged file in its place while others use it, and keeps what was cut off', async () => {
    lab.write(3);
    const [one, other] = [await lab.enter(), await lab.enter()];
    other.opened();
    appendFileSync(lab.at(), Buffer.concat([Buffer.alloc(record, 7), ambientRecord()]));
    expect(await one.quarantine('corrupted near character 99')).to.equal(
      'ambfiles/room.amb was cut, since others use it; what was cut off is ambfiles/room.amb.damaged-1.',
    );
    expect(lab.bytes).to.equal(header + 3 * record);
    expect(statSync(lab.at('.damaged-1')).size).to.equal(2 * record);
    expect(await one.quarantine('again')).to.include('is sound as it is now, and others use it: it stays.');
    await one.leave();
    expect(lab.free()).to.equal('write');
  });

  it('leaves nothing of itself to programs that are started meanwhile', async () => {
    lab.write(3);
    const passages = [await lab.enter(), await lab.enter()];
    const open = execFileSync('sh', ['-c', 'ls -l /proc/self/fd'], { encoding: 'utf8' });
    expect(open).not.to.include('room.amb');
    expect(open).not.to.include(lab.directory);
    for (const passage of passages) await passage.leave();
    const left = readdirSync('/proc/self/fd').filter((fd) => leadsTo(fd).includes('room.amb'));
    expect(left).to.deep.equal([]);
  });

  it('lets in who may only read the file, if there is nothing to mend, and has nothing to keep from writing', async () => {
    lab.write(3);
    await (await lab.enter()).leave();
    const restore = lab.forbidWriting();
    try {
      const passage = await lab.enter();
      expect(lab.free('', 'r')).to.equal('read');
      expect(passage.hasRead(process.pid)).to.equal(false);
      passage.opened();
      const seen: string[] = [];
      await passage.alone(() => void seen.push('ended'), 'pause');
      expect(seen).to.deep.equal(['ended']);
      expect(await passage.quarantine('damaged')).to.equal('ambfiles/room.amb is read-only and stays where it is.');
      expect(await passage.leave()).to.deep.equal({ damage: null });
      passage.opened();
      expect(await passage.leave()).to.deep.equal({ damage: null });
      expect((await refused(lab.enter({ parameters: '-ab 3' }))).message).to.match(
        /^ambfiles\/room\.amb is read-only, and cannot be used: it was made with other options \(.*\)\.$/,
      );
    } finally {
      restore();
    }
  });

  it('refuses who may only read a file that should be mended', async () => {
    lab.write(3, Buffer.alloc(5));
    const cutShort = lab.forbidWriting();
    expect((await refused(lab.enter()).finally(cutShort)).message).to.include(
      'The last record is cut short: 5 of 67 bytes.',
    );
    writeFileSync(lab.at(), 'a shopping list');
    const foreign = lab.forbidWriting();
    expect((await refused(lab.enter()).finally(foreign)).message).to.include('This is no ambient file');
  });

  it('reads anew what others have changed meanwhile: a copy that was put back has the same header', async () => {
    lab.write(9);
    await (await lab.enter()).leave();
    const { ino } = statSync(lab.at());
    lab.write(2, Buffer.concat([Buffer.alloc(record), ambientRecords(6)]));
    expect(statSync(lab.at()).ino).to.equal(ino);
    expect((await lab.enter()).notes.join()).to.include('Record 3 is damaged');
    expect(lab.bytes).to.equal(header + 2 * record);
  });

  it('sees that the file was moved away while it waited for it', async () => {
    lab.write(3);
    const writer = lab.open();
    tryLock(writer);
    const entering = lab.enter();
    await waitUntil('somebody who waits', () => lab.clock.waits > 3);
    renameSync(lab.at(), lab.at('.moved'));
    lab.close(writer);
    expect((await entering).fd).to.equal(null);
  });

  it('does not look at a file that was moved away while it was used', async () => {
    lab.write(3);
    const one = await lab.enter();
    one.opened();
    renameSync(lab.at(), lab.at('.moved'));
    expect((await lab.enter()).fd).to.equal(null);
    truncateSync(lab.at('.moved'), header + record);
    expect(await one.leave()).to.deep.equal({ damage: null });
  });
});

function leadsTo(fd: string): string {
  try {
    return execFileSync('readlink', [`/proc/${process.pid}/fd/${fd}`], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
