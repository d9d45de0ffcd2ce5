import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { ClaimFile } from '../../../src/executor/claim-file.ts';
import { Claims } from '../../../src/executor/claims.ts';
import { realClock } from '../../../src/executor/clock.ts';
import { lockProbe } from '../../../src/executor/lock-probe.ts';
import { temporary } from '../../support/executor.ts';
import { nobody } from '../../support/lab.ts';
import { skip } from '../../support/skip.ts';

describe('what a task makes', () => {
  let base: ReturnType<typeof temporary>;
  let directory: number;
  let mine: Claims;
  let others: Claims;
  const octree = { holds: ['octree:octrees/room.oct@42:4711', 'octree:octrees/room.oct@/proj/room'] };
  const asOthersHaveIt = { holds: ['octree:octrees/room.oct@7:1'] };
  const at = (name: string) => join(base.path, name);
  const locks = () => readdirSync(at('proc'));
  const held = `Another rayserver, on host ${hostname()} with process ${process.pid}, makes octrees/room.oct; the job goes on when that is done.`;

  beforeEach(() => {
    base = temporary('claims');
    mkdirSync(at('proc'));
    directory = openSync(base.path, constants.O_RDONLY | constants.O_DIRECTORY);
    mine = new Claims('/home/mine', lockProbe(realClock));
    others = new Claims('/home/others', lockProbe(realClock));
  });
  afterEach(() => {
    closeSync(directory);
    base[Symbol.dispose]();
  });

  it('is made by one rayserver at a time, whatever number the project has for it', async () => {
    expect(await mine.claim('1.1.1', directory, octree)).to.equal(null);
    expect(await others.claim('8.1.1', directory, asOthersHaveIt)).to.equal(held);
    expect(locks()).to.have.length(1);
    expect(readFileSync(at(`proc/${locks()[0]}`), 'utf8')).to.equal(`${hostname()} ${process.pid} /home/mine\n`);
    mine.release('1.1.1');
    expect(locks()).to.deep.equal([]);
    expect(await others.claim('8.1.2', directory, asOthersHaveIt)).to.equal(null);
    others.release('8.1.2');
  });

  it('says of a filled ambient file what it is', async () => {
    const fill = { holds: ['fill:octrees/room.oct'] };
    await mine.claim('1.1.1', directory, fill);
    expect(await others.claim('8.1.1', directory, fill)).to.include(' makes the ambient file of octrees/room.oct; ');
    expect(await others.claim('8.2.1', directory, octree), 'another thing').to.equal(null);
    others.release('8.2.1');
    mine.release('1.1.1');
  });

  it('is nothing where a task holds nothing, and nobody is kept from it where locks do not hold', async () => {
    expect(await mine.claim('1.1.1', directory, { holds: [] })).to.equal(null);
    const locksFail = async () => ({ holds: false, why: 'Broken.', mend: null, mount: null });
    const bold = new Claims('/home/bold', { ask: locksFail });
    expect(await mine.claim('1.1.1', directory, octree)).to.equal(null);
    expect(await bold.claim('8.1.1', directory, octree)).to.equal(null);
    bold.release('8.1.1');
    expect(locks()).to.have.length(1);
    mine.release('1.1.1');
  });

  it('is kept from others between two tasks of a job, and until the last one of them is over', async () => {
    await mine.claim('1.1.1', directory, octree);
    mine.release('1.1.1', true);
    expect(await others.claim('8.1.1', directory, octree)).to.equal(held);
    expect(await mine.claim('1.2.1', directory, octree)).to.equal(null);
    mine.release('1.1.1');
    mine.forget(1);
    expect(await others.claim('8.1.2', directory, octree), 'the second task runs').to.equal(held);
    mine.release('1.2.1', true);
    mine.forget(2);
    expect(await others.claim('8.1.3', directory, octree), 'it is of job 1').to.equal(held);
    mine.forget(1);
    expect(await others.claim('8.1.4', directory, octree)).to.equal(null);
    others.release('8.1.4');
  });

  it('is given up by one that goes', async () => {
    await mine.claim('1.1.1', directory, octree);
    mine.close();
    expect(locks()).to.deep.equal([]);
  });

  it('is tidied away, but not while others make it', async () => {
    const removed: string[] = [];
    const tidy = (which: string) => mine.tidy(directory, octree.holds, () => removed.push(which));
    await tidy('of nobody');
    await mine.claim('1.1.1', directory, octree);
    await tidy('of one that runs here');
    mine.release('1.1.1', true);
    expect(locks()).to.have.length(1);
    await tidy('of what was kept');
    expect(locks()).to.deep.equal([]);
    await others.claim('8.1.1', directory, octree);
    await tidy('of others');
    others.release('8.1.1');
    await mine.tidy(directory, [], () => removed.push('of nothing held'));
    expect(removed).to.deep.equal(['of nobody', 'of one that runs here', 'of what was kept', 'of nothing held']);
    expect(locks()).to.deep.equal([]);
  });

  it('is tidied away before the next attempt has it, and gives the thing free when that fails', async () => {
    const events: string[] = [];
    const failing = mine.tidy(directory, octree.holds, () => {
      events.push('tidied');
      throw new Error('no such disk');
    });
    const claimed = mine.claim('1.1.2', directory, octree).then(() => events.push('claimed'));
    expect(await failing.catch((error: Error) => error.message)).to.equal('no such disk');
    await claimed;
    expect(events).to.deep.equal(['tidied', 'claimed']);
    mine.release('1.1.2');
    expect(locks()).to.deep.equal([]);
  });

  it('is tidied away without a trace where nothing was ever made', async () => {
    const bare = temporary('bare');
    const fd = openSync(bare.path, constants.O_RDONLY | constants.O_DIRECTORY);
    let isTidied = false;
    await mine.tidy(fd, octree.holds, () => {
      isTidied = true;
    });
    closeSync(fd);
    expect([isTidied, readdirSync(bare.path)]).to.deep.equal([true, []]);
    bare[Symbol.dispose]();
  });

  describe('by one that was killed', () => {
    const leave = async (claims: Claims, text: string) => {
      await claims.claim('8.1.1', directory, octree);
      const name = `proc/${locks()[0]}`;
      claims.release('8.1.1');
      writeFileSync(at(name), text);
      return name;
    };

    it('is made by others the next time, when its programs are gone', async () => {
      await leave(others, 'lab2 4711 /home/of ours\n');
      expect(await mine.claim('1.1.1', directory, octree)).to.equal(
        'Another rayserver, on host lab2 with process 4711, was ended while it made octrees/room.oct; the job goes on in a moment.',
      );
      expect(await mine.claim('1.1.2', directory, octree)).to.equal(null);
      mine.release('1.1.2');
      expect(locks()).to.deep.equal([]);
    });

    it('is made by one of several that wait, each of which has seen that it was killed', async () => {
      const third = new Claims('/home/third', lockProbe(realClock));
      await leave(others, 'lab2 4711 /home/ours\n');
      for (const claims of [mine, third])
        expect(await claims.claim('1.1.1', directory, octree)).to.include('with process 4711, was ended while');
      expect(await mine.claim('1.1.2', directory, octree)).to.equal(null);
      expect(await third.claim('1.1.2', directory, octree)).to.equal(held);
      mine.release('1.1.2');
      expect(await third.claim('1.1.3', directory, octree)).to.equal(null);
      third.release('1.1.3');
    });

    it('is made at once by its successor, and by anybody where it had only begun', async () => {
      await leave(others, `${hostname()} 1 /home/mine\n`);
      expect(await mine.claim('1.1.1', directory, octree)).to.equal(null);
      mine.release('1.1.1');
      await leave(others, '');
      expect(await mine.claim('1.1.2', directory, octree)).to.equal(null);
      mine.release('1.1.2');
    });

    it('is never taken through a link, or from a file with another name', async () => {
      const name = await leave(others, '');
      writeFileSync(at('letter'), 'of somebody');
      for (const put of [symlinkSync, linkSync]) {
        rmSync(at(name));
        put(at('letter'), at(name));
        const error = await mine.claim('1.1.1', directory, octree).catch((caught: Error) => caught.message);
        expect(error).to.match(/^proc\/octree-[0-9a-f]{16}\.lock: /);
      }
      expect(readFileSync(at('letter'), 'utf8')).to.equal('of somebody');
    });

    it('is named by its file where that lets nobody else write', async function () {
      if (!nobody) skip(this, 'only root can be somebody else');
      const name = await leave(others, '');
      chmodSync(at(name), 0o600);
      chownSync(base.path, nobody.uid, nobody.gid);
      chownSync(at('proc'), nobody.uid, nobody.gid);
      process.seteuid?.(nobody.uid);
      const says = await mine.claim('1.1.1', directory, octree).finally(() => process.seteuid?.(0));
      expect(says).to.equal(
        `Another rayserver (see ${name}) makes octrees/room.oct; the job goes on when that is done.`,
      );
      expect(existsSync(at(name))).to.equal(true);
    });
  });

  it('is made by one process at a time, however often others make and give it up', async function () {
    this.timeout(60_000);
    const program = fileURLToPath(new URL('../../support/claimant.js', import.meta.url));
    const run = () => promisify(execFile)(process.execPath, [program, base.path, '/home/same', '400']);
    await Promise.all([run(), run(), run()]);
    expect(locks()).to.deep.equal([]);
  });

  it('is given up also where its file was removed by hand', () => {
    const claim = ClaimFile.take(directory, 'proc/thing.lock', { host: 'lab1', pid: 1, home: '/home' });
    expect(claim).to.be.instanceOf(ClaimFile);
    rmSync(at('proc/thing.lock'));
    if (claim instanceof ClaimFile) claim.release();
    expect(locks()).to.deep.equal([]);
  });
});
