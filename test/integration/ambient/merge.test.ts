import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, constants, copyFileSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkAmbient } from '../../../src/ambient/check.ts';
import { mergeAmbient } from '../../../src/ambient/merge.ts';
import { ambientHeader, ambientRecord, ambientRecords, RealRoom, usualCommand } from '../../support/ambient.ts';
import { temporary } from '../../support/executor.ts';
import { nobody } from '../../support/lab.ts';
import { skip } from '../../support/skip.ts';

describe('a merge of ambient files', () => {
  let base: ReturnType<typeof temporary>;
  const at = (name: string) => join(base.path, name);
  const write = (name: string, ...parts: Buffer[]) => writeFileSync(at(name), Buffer.concat(parts));
  const header = ambientHeader();

  async function merge(into: string, from: string, after?: number): Promise<number | string> {
    const [to, source] = [openSync(at(into), constants.O_RDWR | constants.O_CREAT), openSync(at(from), 'r')];
    try {
      return await mergeAmbient(to, source, after).catch(({ message }: Error) => message);
    } finally {
      closeSync(to);
      closeSync(source);
    }
  }
  const recordsOf = async (name: string) => {
    const fd = openSync(at(name), 'r');
    try {
      const { is, records } = await checkAmbient(fd);
      return is === 'sound' ? records : is;
    } finally {
      closeSync(fd);
    }
  };

  beforeEach(() => {
    base = temporary('merge');
    chmodSync(base.path, 0o755);
  });
  afterEach(() => base[Symbol.dispose]());

  it('appends what is lacking, once', async () => {
    write('a.amb', header, ambientRecords(10));
    write('b.amb', header, ambientRecords(10, 5), ambientRecords(3, 12));
    expect(await merge('a.amb', 'b.amb')).to.equal(5);
    expect(await recordsOf('a.amb')).to.equal(15);
    expect(await merge('a.amb', 'b.amb')).to.equal(0);
    write('all.amb', header, ambientRecords(15));
    expect(statSync(at('a.amb')).size).to.equal(statSync(at('all.amb')).size);
    expect(await merge('all.amb', 'a.amb')).to.equal(0);
  });

  it('has no bound of a portion', async () => {
    write('a.amb', header, ambientRecords(9000));
    write('b.amb', header, ambientRecords(9000, 4500));
    expect(await merge('a.amb', 'b.amb')).to.equal(4500);
    expect(await recordsOf('a.amb')).to.equal(13_500);
  });

  it('looks at what lies after a position only, from the next record on', async () => {
    write('a.amb', header, ambientRecords(2));
    write('b.amb', header, ambientRecords(10, 100));
    expect(await merge('a.amb', 'b.amb', header.length + 6 * 67 + 1)).to.equal(3);
    expect(await merge('a.amb', 'b.amb', header.length + 6 * 67)).to.equal(1);
    expect(await merge('a.amb', 'b.amb', statSync(at('b.amb')).size + 500)).to.equal(0);
    expect(await merge('a.amb', 'b.amb', 5)).to.equal(6);
  });

  it('takes what is sound of a damaged file', async () => {
    write('a.amb', header, ambientRecords(1));
    write('b.amb', header, ambientRecords(4, 10), ambientRecord({ normal: 0 }), ambientRecords(4, 20));
    expect(await merge('a.amb', 'b.amb')).to.equal(4);
    expect(await recordsOf('a.amb')).to.equal(5);
  });

  it('gives an empty file the header of the other', async () => {
    write('a.amb');
    write('b.amb', header, ambientRecords(4));
    expect(await merge('a.amb', 'b.amb')).to.equal(4);
    expect(await merge('new.amb', 'a.amb', header.length + 67)).to.equal(3);
    expect(await recordsOf('new.amb')).to.equal(3);
  });

  it('refuses files of other options, and files that are not sound', async () => {
    write('a.amb', header, ambientRecords(4));
    const more = usualCommand.replace('-ab 1', '-ab 3');
    write('b.amb', ambientHeader([more, 'FORMAT=Radiance_ambval']), ambientRecords(4));
    expect(await merge('a.amb', 'b.amb')).to.equal('The values were made with other options: -ab 1 against -ab 3.');
    write('c.amb', header, ambientRecords(4), Buffer.alloc(5));
    expect(await merge('c.amb', 'a.amb')).to.equal('The last record is cut short: 5 of 67 bytes.');
    write('d.amb', Buffer.from('hello'));
    expect(await merge('a.amb', 'd.amb')).to.equal("This is no ambient file: Radiance's header is missing.");
    expect(await merge('d.amb', 'a.amb')).to.equal("This is no ambient file: Radiance's header is missing.");
    expect(await recordsOf('a.amb')).to.equal(4);
  });

  it('appends nothing where the file cannot be written', async () => {
    write('a.amb', header, ambientRecords(4));
    write('b.amb', header, ambientRecords(4, 4));
    const [to, from] = [openSync(at('a.amb'), 'r'), openSync(at('b.amb'), 'r')];
    expect(await mergeAmbient(to, from).catch(({ code }: NodeJS.ErrnoException) => code)).to.equal('EBADF');
    closeSync(to);
    closeSync(from);
    expect(await recordsOf('a.amb')).to.equal(4);
  });

  it('appends nothing where the file may not grow so far', async () => {
    write('a.amb', header, ambientRecords(4));
    write('b.amb', header, ambientRecords(9000, 4));
    const script = `
      import { openSync } from 'node:fs';
      import { mergeAmbient } from '${new URL('../../../src/ambient/merge.js', import.meta.url).href}';
      const said = await mergeAmbient(openSync('a.amb', 'r+'), openSync('b.amb')).catch(({ code }) => code);
      process.stdout.write(String(said));`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stdout } = spawnSync('prlimit', ['--fsize=300000', ...node], { cwd: base.path, encoding: 'utf8' });
    expect(stdout).to.equal('EFBIG');
    expect(statSync(at('a.amb')).size).to.equal(header.length + 4 * 67);
  });

  it('makes a file of which the real rpict loads every record', async function () {
    if (!RealRoom.installation.found) {
      skip(this, RealRoom.installation.says);
    }
    const room = new RealRoom(base.path);
    room.render('one.amb');
    room.render('two.amb', ['-vd', '-1', '1', '-.2']);
    copyFileSync(at('one.amb'), at('private.amb'));
    const size = statSync(at('one.amb')).size;
    room.render('private.amb', ['-vd', '1', '-1', '.2']);
    const first = Number(await recordsOf('one.amb'));
    const added = [await merge('one.amb', 'two.amb'), await merge('one.amb', 'private.amb', size)].map(Number);
    expect(Math.min(...added)).to.be.greaterThan(0);
    const all = first + (added[0] ?? 0) + (added[1] ?? 0);
    expect(await recordsOf('one.amb')).to.equal(all);
    expect(room.looked('one.amb')).to.equal(all);
    // Whoever may not write is told how many values were loaded.
    chmodSync(at('one.amb'), 0o444);
    const { stderr } = room.render('one.amb', ['-x', '4', '-y', '4'], nobody ?? {});
    expect(stderr).to.include(`loaded ${all} values from read-only ambient file`);
  });
});
