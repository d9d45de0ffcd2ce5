import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { realClock } from '../../../src/executor/clock.ts';
import { examineAmbient } from '../../../src/executor/examine-ambient.ts';
import { examinePath } from '../../../src/executor/examine-directory.ts';
import { lockProbe } from '../../../src/executor/lock-probe.ts';
import type { Finding } from '../../../src/protocol/inner.ts';
import { tryLock } from '../../../src/unix/locks.ts';
import { ambientHeader, ambientRecord, ambientRecords, usualCommand } from '../../support/ambient.ts';
import { temporary } from '../../support/executor.ts';
import { GateLab } from '../../support/gate-lab.ts';
import { forbidGrowth, growsAlways } from '../../support/no-growth.ts';
import { skip } from '../../support/skip.ts';

describe('the doctor on an ambient file', () => {
  let base: ReturnType<typeof temporary>;
  let path: string;
  const header = ambientHeader();
  const write = (...parts: Buffer[]) => writeFileSync(path, Buffer.concat(parts));
  const damaged = () => write(header, ambientRecords(4), ambientRecord({ normal: 0 }), ambientRecords(2));
  const finding = (level: Finding['level'], says: string, mend: string | null): Finding => ({
    what: 'ambient file',
    level,
    says,
    mend,
  });

  beforeEach(() => {
    base = temporary('doctor');
    path = join(base.path, "a room's.amb");
  });
  afterEach(() => base[Symbol.dispose]());
  const probe = lockProbe(realClock);
  const shown = () => `'${path.replace("'", "'\\''")}'`;

  it('says how many values it holds, and what they were made with', async () => {
    write(header, ambientRecords(1));
    const made =
      '-aa 0.2 -ab 1 -ad 64 -ar 64 -as 128 -av 0 0 0 -aw 0 -cs 3 -cw 380 780 -dc 0.5 -dr 1 -ds 0.25 -dt 0.05';
    const says = `${path}: 1 sound value, made by RADIANCE 6.0a with ${made} -lr 7 -lw 0.0001 -ss 1 -st 0.15.`;
    expect(await examineAmbient(path, null)).to.deep.equal(finding('ok', says, null));
    expect(await examineAmbient(path, 'cut')).to.deep.equal(finding('ok', says, null));
    write(ambientHeader([usualCommand, 'FORMAT=Radiance_ambval']));
    expect((await examineAmbient(path, null)).says).to.match(/: 0 sound values, made with -aa 0\.2 /);
  });

  it('finds an end that is cut short, and cuts it off', async () => {
    write(header, ambientRecords(4), Buffer.alloc(20));
    const says = `${path}: The last record is cut short: 20 of 67 bytes. Before it, 4 sound values.`;
    expect(await examineAmbient(path, null)).to.deep.equal(finding('error', says, `rayctl doctor --mend ${shown()}`));
    const cut = header.length + 4 * 67;
    expect(await examineAmbient(path, 'cut')).to.deep.equal(
      finding('ok', `${path} was cut to ${cut} bytes, which is 4 sound values.`, null),
    );
    expect(readFileSync(path).equals(Buffer.concat([header, ambientRecords(4)]))).to.equal(true);
  });

  it('keeps what it cuts off a damaged one in a new file each time', async () => {
    for (const number of [1, 2]) {
      damaged();
      expect((await examineAmbient(path, null)).mend).to.equal(`rayctl doctor --mend --keep ${shown()}`);
      const mended = await examineAmbient(path, 'keep');
      expect(mended.says).to.match(/which is 4 sound values; what was cut off is in /);
      const kept = Buffer.concat([ambientRecord({ normal: 0 }), ambientRecords(2)]);
      expect(readFileSync(`${path}.cut-${number}`).equals(kept)).to.equal(true);
      expect((await examineAmbient(path, null)).level).to.equal('ok');
    }
  });

  it('leaves the file where it cannot keep what it would cut off', async function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) {
      skip(this, 'there is no program prlimit');
    }
    write(header, ambientRecords(4), Buffer.alloc(400_000));
    const script = `
      import { examineAmbient } from '${new URL('../../../src/executor/examine-ambient.js', import.meta.url).href}';
      process.stdout.write(JSON.stringify(await examineAmbient(process.argv[1], 'keep')));`;
    const node = [process.execPath, '--input-type=module', '-e', script, path];
    const { stdout } = spawnSync('prlimit', ['--fsize=100000', ...node], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).to.deep.equal(finding('error', `${path}: file too large. Nothing was cut.`, null));
    expect(readFileSync(path).length).to.equal(header.length + 4 * 67 + 400_000);
    expect(spawnSync('ls', [base.path], { encoding: 'utf8' }).stdout).to.equal("a room's.amb\n");
  });

  describe('that simulations use', () => {
    let lab: GateLab;
    const cutTo = header.length + 2 * 67;
    beforeEach(() => {
      lab = new GateLab();
      path = lab.at();
      lab.write(5);
    });
    afterEach(() => lab.remove());
    /** After a simulation has read it, which leaves later. */
    const damagedMeanwhile = async () => {
      const user = await lab.enter();
      user.opened();
      const fd = lab.open();
      writeSync(fd, Buffer.alloc(67), 0, 67, cutTo);
      lab.close(fd);
      return user;
    };

    it('tells those of all hosts of its cut, who would take the file for damaged', async () => {
      for (const mend of ['cut', 'keep'] as const) {
        lab.write(5);
        const user = await damagedMeanwhile();
        expect((await examineAmbient(path, mend)).says).to.match(/ was cut to \d+ bytes, which is 2 sound values/);
        expect(lab.sidecar?.cut?.to).to.equal(cutTo);
        expect(await user.leave()).to.deep.equal({ damage: null });
      }
    });

    it('waits for its turn, as they do', async () => {
      await (await damagedMeanwhile()).leave();
      lab.write(5, Buffer.alloc(20));
      const other = lab.open('.json');
      expect(tryLock(other, 'write', { start: 0, length: 1 })).to.equal(true);
      expect((await examineAmbient(path, 'cut')).level).to.equal('warning');
      expect(lab.bytes).to.equal(header.length + 5 * 67 + 20);
      lab.close(other);
      expect((await examineAmbient(path, 'cut')).level).to.equal('ok');
    });

    it('cuts nothing that it cannot tell them', async function () {
      const why = growsAlways();
      if (why !== null) skip(this, why);
      const user = await damagedMeanwhile();
      const allow = forbidGrowth();
      try {
        expect((await examineAmbient(path, 'cut')).says).to.match(/: file too large\. Nothing was cut\.$/);
      } finally {
        allow();
      }
      expect(lab.bytes).to.equal(header.length + 5 * 67);
      expect(lab.sidecar).to.include({ radiance: 'RADIANCE 6.0a', cut: null });
      await user.leave();
    });
  });

  it('does not judge an end that somebody may be writing, nor cut it', async () => {
    write(header, ambientRecords(4), Buffer.alloc(20));
    const other = openSync(path, 'r+');
    expect(tryLock(other)).to.equal(true);
    const says = `${path} is in use: somebody holds a lock on it. Whether its end is sound is not known before.`;
    const busy = finding('warning', says, `rayctl doctor ${shown()}`);
    expect(await examineAmbient(path, null)).to.deep.equal(busy);
    expect(await examineAmbient(path, 'cut')).to.deep.equal(busy);
    expect(readFileSync(path).length).to.equal(header.length + 4 * 67 + 20);
    closeSync(other);
    expect((await examineAmbient(path, 'cut')).level).to.equal('ok');
  });

  it('lets an empty file be removed and a foreign one be set aside, and touches neither', async () => {
    write();
    const ends = 'ends every simulation that uses it. The next simulation that uses it makes it anew.';
    for (const mend of ['cut', null] as const)
      expect(await examineAmbient(path, mend)).to.deep.equal(
        finding('error', `${path} is empty, and ${ends}`, `rm ${shown()}`),
      );
    write(Buffer.from('hello'));
    const foreign = `${path}: This is no ambient file: Radiance's header is missing. It ${ends}`;
    for (const mend of ['keep', null] as const)
      expect(await examineAmbient(path, mend)).to.deep.equal(
        finding('error', foreign, `mv ${shown()} ${shown().replace(/amb'$/, "amb.foreign'")}`),
      );
    expect(readFileSync(path, 'utf8')).to.equal('hello');
  });

  it('knows an ambient file by any name, and takes no other file for one', async () => {
    const at = (name: string) => join(base.path, name);
    writeFileSync(at('room.values'), Buffer.concat([header, ambientRecords(3)]));
    symlinkSync('room.values', at('link'));
    for (const name of ['room.values', 'link'])
      expect((await examinePath(at(name), null, '/home', probe))[0]).to.include({ what: 'ambient file', level: 'ok' });
    writeFileSync(at('room.rif'), 'view= x');
    expect(await examinePath(at('room.rif'), 'cut', '/home', probe)).to.deep.equal([
      {
        what: 'directory',
        level: 'error',
        says: `${at('room.rif')} is neither a directory nor an ambient file.`,
        mend: `rayctl doctor ${base.path}`,
      },
    ]);
    mkdirSync(at('room'));
    expect((await examinePath(at('room'), 'cut', '/home', probe))[0]).to.include({
      says: `${at('room')} is no ambient file: only such a one is mended so.`,
      mend: `ls ${at('room/ambfiles')}`,
    });
    spawnSync('mkfifo', [at('pipe.amb')]);
    expect((await examinePath(at('pipe.amb'), null, '/home', probe))[0]?.says).to.match(/is not a directory\.$/);
  });

  it('says that there is none, and where to look, and proposes no directory of its name', async () => {
    const none = async (mend: 'cut' | null) => await examinePath(path, mend, '/home', probe);
    const told = [finding('error', `${path}: there is no such file.`, `ls -l ${base.path}`)];
    expect(await none(null)).to.deep.equal(told);
    path = join(base.path, 'project');
    expect((await none('cut'))[0]?.what).to.equal('ambient file');
    expect((await none(null))[0]?.what).to.equal('directory');
  });

  it('never proposes to open other files, such as keys, to others', async function () {
    if (process.getuid?.() === 0) {
      skip(this, 'root may read and write everything');
    }
    const key = join(base.path, 'key');
    writeFileSync(key, 'secret');
    chmodSync(key, 0o444);
    for (const mend of ['cut', 'keep', null] as const)
      expect((await examineAmbient(key, mend)).mend).to.equal(`rayctl doctor ${base.path}`);
    chmodSync(key, 0o000);
    expect((await examineAmbient(key, null)).mend).to.equal(`ls -l ${key}`);
  });

  it('says who must let it in', async function () {
    if (process.getuid?.() === 0) {
      skip(this, 'root may read and write everything');
    }
    damaged();
    chmodSync(path, 0o444);
    expect((await examineAmbient(path, null)).mend).to.equal(`rayctl doctor --mend --keep ${shown()}`);
    expect(await examineAmbient(path, 'cut')).to.deep.equal(
      finding('error', `${path} cannot be written by the user of simulations.`, `sudo chmod ug+w ${shown()}`),
    );
    chmodSync(path, 0o000);
    expect(await examineAmbient(path, null)).to.deep.equal(
      finding('error', `${path} cannot be read by the user of simulations.`, `sudo chmod a+r ${shown()}`),
    );
  });
});
