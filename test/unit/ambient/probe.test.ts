import { closeSync, constants, openSync } from 'node:fs';
import { expect } from 'chai';
import { LockProbe } from '../../../src/ambient/probe.ts';
import { HandClock } from '../../support/executor.ts';
import { good, ProbeChildren, type Script } from '../../support/probe-children.ts';

const line = (id: number, point: string, rest: string) => `${id} 1 0:${id} / ${point} rw - ${rest}`;
const nfs = line(2, '/', 'nfs4 srv:/ rw,vers=4.2,local_lock=none');

describe('a lock probe', () => {
  let clock: HandClock;
  let children: ProbeChildren;
  let mountinfo: string;
  let probe: LockProbe;
  let fd: number;
  beforeEach(() => {
    clock = new HandClock();
    children = new ProbeChildren();
    mountinfo = nfs;
    probe = new LockProbe(clock, children.start, () => mountinfo);
    fd = openSync('/', constants.O_RDONLY);
  });
  afterEach(() => closeSync(fd));

  const trials = () => children.seen.filter((deed) => deed === 'hold').length;
  const silent: Script = { says: ['started', 'failed ENOLCK'], ends: true, obeys: true };

  it('tries a file system of the network once, for all who ask within five minutes', async () => {
    const answers = await Promise.all([probe.ask(fd), probe.ask(fd)]);
    expect(answers.map(({ holds, why, mend }) => ({ holds, why, mend }))).to.deep.equal([
      { holds: true, why: null, mend: null },
      { holds: true, why: null, mend: null },
    ]);
    clock.pass(5 * 60_000 - 1);
    await probe.ask(fd);
    expect(trials()).to.equal(1);
    clock.pass(1);
    await probe.ask(fd);
    expect(trials()).to.equal(2);
  });

  it('asks again after half a minute where they do not hold', async () => {
    children.scripts = { ...good, hold: silent };
    expect(await probe.ask(fd)).to.deep.include({ holds: false, mend: 'ls -ld /' });
    clock.pass(29_999);
    expect((await probe.ask(fd)).holds).to.equal(false);
    children.scripts = good;
    clock.pass(1);
    expect((await probe.ask(fd)).holds).to.equal(true);
    expect(trials()).to.equal(2);
  });

  it('asks again when it is mounted otherwise', async () => {
    await probe.ask(fd);
    mountinfo = nfs.replace('vers=4.2', 'vers=4.1');
    await probe.ask(fd);
    expect(trials()).to.equal(2);
  });

  it('tries nothing where the options say enough', async () => {
    mountinfo = line(2, '/', 'nfs srv:/ rw,vers=3,nolock,local_lock=all');
    const { holds, why } = await probe.ask(fd);
    expect({ holds, why: why?.replace(/:.*/, '') }).to.deep.equal({
      holds: false,
      why: '/ (nfs) is mounted with nolock',
    });
    expect((await probe.look(fd)).holds).to.equal(false);
    expect(children.seen).to.deep.equal([]);
  });

  it('tries a disk of this host for people only', async () => {
    mountinfo = line(2, '/', 'ext4 /dev/vda1 rw');
    expect((await probe.ask(fd)).holds).to.equal(true);
    expect(trials()).to.equal(0);
    expect((await probe.look(fd)).mount?.type).to.equal('ext4');
    expect(trials()).to.equal(1);
  });

  it('looks anew for people, and others profit from it', async () => {
    await probe.ask(fd);
    await probe.look(fd);
    expect(trials()).to.equal(2);
    await probe.ask(fd);
    expect(trials()).to.equal(2);
  });

  it('keeps nothing of what one directory, or a program that does not start, told it', async () => {
    children.scripts = { ...good, hold: { ...silent, says: ['started', 'failed EACCES'] } };
    expect((await probe.ask(fd)).why).to.match(/EACCES\.$/);
    children.scripts = {};
    expect((await probe.ask(fd)).why).to.match(/^It could not be tried /);
    children.scripts = good;
    expect((await probe.ask(fd)).holds).to.equal(true);
    expect(trials()).to.equal(3);
  });

  it('tries where it is not known what is mounted', async () => {
    mountinfo = '';
    expect(await probe.ask(fd)).to.deep.equal({ holds: true, why: null, mend: null, mount: null });
    expect(trials()).to.equal(1);
  });
});
