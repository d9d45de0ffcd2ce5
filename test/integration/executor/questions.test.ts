import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { OpenFiles } from '../../../src/executor/files.ts';
import { answer } from '../../../src/executor/questions.ts';
import { SimulationLog } from '../../../src/executor/simulation-log.ts';
import type { Project } from '../../../src/model/job.ts';
import type { Answer, Question } from '../../../src/protocol/inner.ts';
import { type HandHost, handHost, makeProject, temporary } from '../../support/executor.ts';
import { processesIn } from '../../support/inside.ts';
import { skip } from '../../support/skip.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('what procwrap answers', () => {
  let base: ReturnType<typeof temporary>;
  let project: Project;
  let host: HandHost;
  let files: OpenFiles;
  let internal: string[];
  const at = (path: string) => join(project.path, path);
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const ask = (question: Question): Promise<Answer> => answer(question, host, files, (_, text) => internal.push(text));
  const refusal = async (question: Question): Promise<string> => {
    const given = await ask(question);
    return given.kind === 'refused' ? `${given.code}: ${given.message}` : given.kind;
  };
  /** Tests of permissions mean nothing to root. */
  const needsOrdinaryUser = (context: Mocha.Context) => {
    if (process.getuid?.() !== 0) return;
    skip(context, 'root may read and write everything');
  };

  beforeEach(() => {
    base = temporary('questions');
    project = makeProject(base.path);
    mkdirSync(join(base.path, 'home'));
    host = handHost(join(base.path, 'home'));
    files = new OpenFiles();
    internal = [];
  });
  afterEach(async () => {
    await files.closeAll();
    base[Symbol.dispose]();
    expect(internal).to.deep.equal([]);
  });

  describe('about a project', () => {
    const check = () => refusal({ ask: 'check', project });
    const named = (rest: string) => {
      project = { ...project, rest, path: join(project.root, rest) };
    };

    it('makes proc and logfiles, with the mode that the umask leaves, and nothing else', async () => {
      const old = process.umask(0o002);
      const before = descriptors();
      try {
        expect(await check()).to.equal('check');
        expect(await check()).to.equal('check');
      } finally {
        process.umask(old);
      }
      expect(readdirSync(project.path).sort()).to.deep.equal(['logfiles', 'proc']);
      expect(statSync(at('proc')).mode & 0o777).to.equal(0o775);
      expect(descriptors()).to.equal(before);
    });

    it('keeps the group of a setgid directory', async () => {
      chmodSync(project.path, 0o2775);
      expect(await check()).to.equal('check');
      expect(statSync(at('proc')).mode & 0o2000).to.equal(0o2000);
      expect(statSync(at('proc')).gid).to.equal(statSync(project.path).gid);
    });

    it('refuses one that is not there, is a file, or leads out of its location', async () => {
      named('none');
      expect(await check()).to.equal('no-such-project: No such project "none".');
      writeFileSync(join(project.root, 'file'), '');
      named('file');
      expect(await check()).to.equal('no-such-project: No such project "file". It is not a directory.');
      mkdirSync(join(base.path, 'elsewhere'));
      symlinkSync('../elsewhere', join(project.root, 'out'));
      named('out');
      expect(await check()).to.match(
        /^no-such-project: No such project "out"\. A link on the way leads out of the location/,
      );
      named('room/../../elsewhere');
      expect(await check()).to.match(/^no-such-project: No such project /);
      expect(readdirSync(join(base.path, 'elsewhere'))).to.deep.equal([]);
    });

    it('follows links within the location', async () => {
      symlinkSync('room', join(project.root, 'alias'));
      named('alias');
      expect(await check()).to.equal('check');
    });

    it('takes any path, through links too, where there are no locations', async () => {
      symlinkSync(project.path, join(base.path, 'alias'));
      const path = join(base.path, 'alias');
      project = { location: null, root: '/', rest: path.slice(1), path };
      expect(await check()).to.equal('check');
      project = { location: null, root: '/', rest: `${path.slice(1)}/none`, path: `${path}/none` };
      expect(await check()).to.equal(`no-such-project: No such project "${path}/none".`);
    });

    it('tells what its path leads to: the way without links, and what the directory is', async () => {
      symlinkSync('room', join(project.root, 'alias'));
      const found = async () => {
        const given = await ask({ ask: 'check', project });
        return given.kind === 'check' ? given.found : given;
      };
      const { dev, ino } = statSync(project.path);
      const identity = `${dev}:${ino}`;
      named('alias');
      expect(await found()).to.deep.equal({ way: 'room', identity });
      project = { location: null, root: '/', rest: project.path.slice(1), path: project.path };
      expect(await found()).to.deep.equal({ way: realpathSync(project.path).slice(1), identity });
    });

    it('refuses the home, and what is in it under any name', async () => {
      mkdirSync(join(host.home, 'data/room'), { recursive: true });
      const inHome = async (path: string) => {
        project = { location: null, root: '/', rest: path.slice(1), path };
        return await check();
      };
      expect(await inHome(host.home)).to.match(/^project-in-home: /);
      expect(await inHome(join(host.home, 'data/room'))).to.match(/^project-in-home: /);
      symlinkSync(join(host.home, 'data'), join(base.path, 'alias'));
      expect(await inHome(join(base.path, 'alias/room'))).to.match(/^project-in-home: /);
      expect(readdirSync(join(host.home, 'data/room'))).to.deep.equal([]);
    });

    it('names what cannot be written', async function () {
      needsOrdinaryUser(this);
      mkdirSync(at('ambfiles'));
      chmodSync(at('ambfiles'), 0o555);
      expect(await check()).to.equal(`project-not-writable: Project not writable: ${at('ambfiles')}`);
      chmodSync(at('ambfiles'), 0o755);
      rmSync(at('proc'), { recursive: true });
      chmodSync(project.path, 0o555);
      expect(await check()).to.equal(`project-not-writable: Project not writable: ${at('proc')}`);
      chmodSync(project.path, 0o300);
      expect(await check()).to.equal(`project-not-readable: Project not readable: ${project.path}`);
      chmodSync(project.path, 0o755);
    });

    it('refuses directories of work that lead out of the project, or are none', async () => {
      mkdirSync(join(base.path, 'elsewhere'));
      symlinkSync('../../elsewhere', at('images'));
      expect(await check()).to.equal(`project-not-writable: Project not writable: ${at('images')}`);
      rmSync(at('images'));
      writeFileSync(at('octrees'), '');
      expect(await check()).to.equal(`project-not-writable: Project not writable: ${at('octrees')}`);
    });
  });

  describe('about a file', () => {
    const open = async (path: string, as: 'file' | 'png' = 'file') => {
      const given = await ask({ ask: 'open', project, path, as });
      if (given.kind !== 'open') throw new Error(JSON.stringify(given));
      return given;
    };
    const readAll = async (handle: number): Promise<Buffer> => {
      const portions: Buffer[] = [];
      for (;;) {
        const given = await ask({ ask: 'read', handle });
        if (given.kind !== 'read') throw new Error(JSON.stringify(given));
        if (given.data === '') return Buffer.concat(portions);
        portions.push(Buffer.from(given.data, 'base64'));
      }
    };

    it('hands it over in portions, and leaves nothing open', async () => {
      const before = descriptors();
      const bytes = Buffer.alloc(600_000, 'picture ');
      writeFileSync(at('x.hdr'), bytes);
      const { handle, bytes: size } = await open('x.hdr');
      expect(size).to.equal(bytes.length);
      expect((await readAll(handle)).equals(bytes)).to.equal(true);
      expect(await ask({ ask: 'close', handle })).to.deep.equal({ kind: 'close' });
      expect(await ask({ ask: 'close', handle })).to.deep.equal({ kind: 'close' });
      expect(await refusal({ ask: 'read', handle })).to.equal('no-such-file: This file is not open.');
      expect(descriptors()).to.equal(before);
    });

    it('answers questions that come at once in their order', async () => {
      const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, index) => index % 251));
      writeFileSync(at('x.hdr'), bytes);
      const { handle } = await open('x.hdr');
      const given = await Promise.all([1, 2, 3, 4].map(() => ask({ ask: 'read', handle })));
      const portions = given.map((one) => Buffer.from(one.kind === 'read' ? one.data : '', 'base64'));
      expect(Buffer.concat(portions).equals(bytes)).to.equal(true);
    });

    it('is refused unless it is a regular file of the project', async () => {
      writeFileSync(join(base.path, 'secret'), 'secret');
      symlinkSync('../../secret', at('link'));
      mkdirSync(at('images'));
      execFileSync('mkfifo', [at('pipe')]);
      const file = (path: string) => refusal({ ask: 'open', project, path, as: 'file' });
      expect(await file('none')).to.equal('no-such-file: No such file in the project: none.');
      expect(await file('link')).to.match(/^no-such-file: Cannot read link: /);
      expect(await file('../../secret')).to.match(/^no-such-file: /);
      expect(await file('/etc/passwd')).to.match(/^no-such-file: /);
      expect(await file('images')).to.equal('no-such-file: Cannot read images: not a regular file.');
      expect(await file('pipe')).to.equal('no-such-file: Cannot read pipe: not a regular file.');
    });

    it('is refused where too many are open, until one is closed', async () => {
      writeFileSync(at('x'), 'x');
      const before = descriptors();
      const handles: number[] = [];
      for (let count = 0; count < 64; count++) handles.push((await open('x')).handle);
      expect(await refusal({ ask: 'open', project, path: 'x', as: 'file' })).to.match(
        /^not-ready: 64 files are being read/,
      );
      await ask({ ask: 'close', handle: handles[0] ?? 0 });
      await open('x');
      await files.closeAll();
      expect(descriptors()).to.equal(before);
      expect(await refusal({ ask: 'open', project, path: 'x', as: 'file' })).to.equal('not-ready: The server is gone.');
      expect(descriptors()).to.equal(before);
    });

    it('becomes a PNG in a process of its own', async () => {
      const header = '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y       30 +X       40\n';
      const pixels = Buffer.alloc(30 * 40 * 4, Buffer.from([128, 100, 80, 129]));
      writeFileSync(at('x.hdr'), Buffer.concat([Buffer.from(header), pixels]));
      const { handle, bytes } = await open('x.hdr', 'png');
      expect(bytes).to.equal(null);
      const png = await readAll(handle);
      expect(png.subarray(1, 4).toString()).to.equal('PNG');
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).to.deep.equal([40, 30]);
      expect(png.subarray(-8, -4).toString()).to.equal('IEND');
      expect(host.helpers.size).to.equal(0);
    });

    it('says why it is no picture', async () => {
      writeFileSync(at('x.hdr'), 'not a picture');
      const says = await refusal({ ask: 'open', project, path: 'x.hdr', as: 'png' });
      expect(says).to.match(/^no-such-file: x\.hdr cannot be shown as PNG: \S.*\.$/);
      expect(host.helpers.size).to.equal(0);
    });

    it('that is turned into a PNG and is not read to its end goes with its process', async () => {
      const header = '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1000 +X 1000\n';
      const pixels = Buffer.alloc(4_000_000);
      for (let index = 0; index < pixels.length; index += 4)
        pixels.writeUInt32LE((index * 2654435761) % 4294967296, index);
      for (let index = 0; index < pixels.length; index += 4) pixels[index + 3] = 128;
      for (let index = 0; index < pixels.length; index += 4) pixels[index] = 200;
      writeFileSync(at('x.hdr'), Buffer.concat([Buffer.from(header), pixels]));
      const before = descriptors();
      const { handle } = await open('x.hdr', 'png');
      expect(host.helpers.size).to.equal(1);
      await ask({ ask: 'close', handle });
      await waitUntil('the end of the process', () => host.helpers.size === 0);
      await waitUntil('its descriptors to be closed', () => descriptors() <= before);
    });
  });

  describe('about a log', () => {
    const log = (more: Partial<Extract<Question, { ask: 'log' }>> = {}) =>
      ask({ ask: 'log', project, name: 'room.inside', job: 12, offset: 0, ...more });
    const first = '# rayserver job 12 task 3 attempt 1, anna, 2026-01-02T03:04:05.000Z\n';

    beforeEach(() => mkdirSync(at('logfiles')));

    it('goes on where the last one ended', async () => {
      writeFileSync(at('logfiles/room.inside.log'), `${first}one\n`);
      expect(await log()).to.deep.equal({ kind: 'log', attempt: 1, text: `${first}one\n`, next: first.length + 4 });
      appendFileSync(at('logfiles/room.inside.log'), 'two\n');
      expect(await log({ offset: first.length + 4 })).to.deep.equal({
        kind: 'log',
        attempt: 1,
        text: 'two\n',
        next: first.length + 8,
      });
      expect(await log({ offset: first.length + 8 })).to.deep.equal({
        kind: 'log',
        attempt: 1,
        text: '',
        next: first.length + 8,
      });
    });

    it('does not cut characters', async () => {
      const text = `${first}${'ä€😀'.repeat(60_000)}`;
      writeFileSync(at('logfiles/room.inside.log'), text);
      let read = '';
      let offset = 0;
      for (let portions = 0; portions < 4; portions++) {
        const given = await log({ offset });
        if (given.kind !== 'log') throw new Error(JSON.stringify(given));
        read += given.text;
        offset = given.next;
      }
      expect(read === text).to.equal(true);
    });

    it('that nobody brought to its end goes on with what was left out where it has become shorter', async () => {
      writeFileSync(at('logfiles/room.inside.log'), `${first}head\n... 5000 bytes left out ...\ntail\n`);
      const head = first.length + 5;
      const given = await log({ offset: 5000 });
      expect(given).to.include({ text: `\n... ${head} bytes left out ...\ntail\n`, next: head + 5005 });
      expect(await log({ offset: 1e12 })).to.include({ text: '', next: 1e12 });
    });

    it('counts what was left out of it, in the middle and at its end', async () => {
      const end = '# done, 2026-01-02T03:04:05.000Z, 5000 bytes left out after byte 73\n';
      writeFileSync(at('logfiles/room.inside.log'), `${first}head\n... 5000 bytes left out ...\ntail\n${end}`);
      expect(first.length + 5).to.equal(73);
      const part = async (offset: number) => {
        const given = await log({ offset });
        return given.kind === 'log' ? [given.text, given.next] : given;
      };
      const last = 73 + 5000 + 5 + end.length;
      expect(await part(0)).to.deep.equal([`${first}head\n`, 73]);
      expect(await part(73)).to.deep.equal([`... 5000 bytes left out ...\ntail\n${end}`, last]);
      expect(await part(74)).to.deep.equal([`\n... 4999 bytes left out ...\ntail\n${end}`, last]);
      expect(await part(5073)).to.deep.equal([`tail\n${end}`, last]);
      expect(await part(5075)).to.deep.equal([`il\n${end}`, last]);
      expect(await part(last)).to.deep.equal(['', last]);
    });

    it('takes no words of a program for ours', async () => {
      const text = `${first}... 5000 bytes left out ...\n# done, 2026-01-02T03:04:05.000Z, 9 bytes left out after byte 9\nx\n`;
      writeFileSync(at('logfiles/room.inside.log'), `${text}# done, 2026-01-02T03:04:05.000Z\n`);
      expect(await log({ offset: first.length })).to.include({
        text: `${text.slice(first.length)}# done, 2026-01-02T03:04:05.000Z\n`,
      });
    });

    describe('that grows while its middle is left out again and again', () => {
      const last = '# done, 2026-01-02T03:04:05.000Z\n';
      let writer: SimulationLog;
      let said: string;
      const say = (lines: number) => {
        const from = said.split('\n').length;
        const text = Array.from({ length: lines }, (_, line) => `line ${from + line} of the program\n`).join('');
        said += text;
        return writer.write(text);
      };
      const part = async (offset: number) => {
        const given = await log({ offset });
        if (given.kind !== 'log') throw new Error(JSON.stringify(given));
        return given;
      };

      beforeEach(async () => {
        const make = () => openSync(at('logfiles/room.inside.log'), 'wx+');
        writer = new SimulationLog(make, 4096);
        said = first;
        await writer.write(first);
        writer.open();
        host.inHand.set('12 room.inside', { attempt: 1, log: writer });
      });
      afterEach(() => writer.close(''));

      it('is read whole by whoever reads often enough', async () => {
        let read = '';
        for (let [round, next] = [0, 0]; round < 100; round++) {
          void say(30);
          const given = await part(next);
          read += given.text;
          next = given.next;
        }
        expect(said.length).to.be.greaterThan(10 * 4096);
        expect(read === said).to.equal(true);
      });

      it('says of what it lacks how many bytes it is, and repeats nothing', async () => {
        let [next, lacking] = [0, 0];
        const readOn = async () => {
          for (let given = await part(next); given.text !== ''; given = await part(next)) {
            const [line = '', missed = '0'] = /^\n?\.{3} (\d+) bytes left out \.{3}\n/.exec(given.text) ?? [];
            const from = next + Number(missed);
            expect(given.text.slice(line.length)).to.equal(said.slice(from, given.next));
            expect(given.next).to.equal(from + given.text.length - line.length);
            lacking += Number(missed);
            next = given.next;
          }
        };
        for (const lines of [40, 500, 3, 0, 900, 20]) {
          await say(lines);
          await readOn();
        }
        await writer.close(last);
        host.inHand.clear();
        said += readFileSync(at('logfiles/room.inside.log'), 'utf8').split('\n').at(-2)?.concat('\n');
        expect(said).to.match(/\n# done, 2026-01-02T03:04:05\.000Z, \d+ bytes left out after byte \d+\n$/);
        await readOn();
        expect(next).to.equal(said.length);
        expect(lacking).to.be.within(1, 1400 * 25);
      });

      it('has its own places, not those of the attempt before, whose log is still there', async () => {
        await say(500);
        host.inHand.set('12 room.inside', { attempt: 2, log: writer });
        expect((await part(100)).text).to.include('bytes left out');
      });
    });

    it('is refused if it is the log of another job, or none', async () => {
      const refused = async (job: number) => {
        const given = await log({ job });
        return given.kind === 'refused' ? `${given.code}: ${given.message}` : given.kind;
      };
      expect(await refused(12)).to.equal(`no-such-file: There is no log of room.inside in ${project.path}.`);
      writeFileSync(at('logfiles/room.inside.log'), first.replace('12', '15'));
      expect(await refused(12)).to.equal('no-such-file: The log of job 12 was replaced by that of job 15.');
      expect(await refused(16)).to.match(/^no-such-file: Job 16 has no log of room\.inside/);
      truncateSync(at('logfiles/room.inside.log'));
      expect(await refused(12)).to.match(/^no-such-file: Job 12 has no log of room\.inside/);
      host.inHand.set('12 room.inside', { attempt: 1, log: null });
      expect(await log()).to.deep.equal({ kind: 'log', attempt: 0, text: '', next: 0 });
      expect(await refusal({ ask: 'log', project, name: '../x', job: 1, offset: 0 })).to.match(/^no-such-file: /);
    });

    it('is refused where the project is another one by now', async () => {
      writeFileSync(at('logfiles/room.inside.log'), first);
      expect(await log()).to.include({ kind: 'log' });
      project = { ...project, found: { way: 'hall', identity: '1:1' } };
      expect(await refusal({ ask: 'log', project, name: 'room.inside', job: 12, offset: 0 })).to.match(
        /^no-such-project: .* is another project than the job was submitted for: /,
      );
    });
  });

  describe('about a plan that goes wrong', () => {
    const plan = () =>
      ask({
        ask: 'plan',
        project,
        request: { kind: 'radiance', rif: 'room.rif', views: [], set: [], force: false, ambient: 'shared' },
      });
    const says = async (mode?: string) => {
      if (mode !== undefined) writeFileSync(at('mode'), mode);
      const given = await plan();
      return given.kind === 'refused' ? `${given.code}: ${given.message}` : given.kind;
    };
    const rif = 'ZONE= Interior 0 4 0 3 0 2.5\nscene= room.rad\nOCTREE= room.oct\n';

    beforeEach(() => {
      host = handHost(join(base.path, 'home'), 'badrad');
      writeFileSync(at('room.rif'), rif);
      writeFileSync(at('room.rad'), '');
    });
    afterEach(() => {
      if (existsSync(at('proc'))) expect(readdirSync(at('proc'))).to.deep.equal([]);
      expect(host.helpers.size).to.equal(0);
    });

    it('says what is wrong with the .rif itself', async () => {
      rmSync(at('room.rif'));
      expect(await says()).to.equal('unreadable-rif: No such file in the project: room.rif.');
      mkdirSync(at('room.rif'));
      expect(await says()).to.match(/^unreadable-rif: Cannot read room\.rif: not a regular file\./);
      rmSync(at('room.rif'), { recursive: true });
      writeFileSync(at('room.rif'), '#'.repeat(1024 * 1024 + 1));
      expect(await says()).to.match(/^unreadable-rif: Cannot read room\.rif: longer than 1048576 bytes\./);
      writeFileSync(at('room.rif'), 'OCTREE= |cat\n');
      expect(await says()).to.match(/^plan-refused: /);
      writeFileSync(join(base.path, 'outside.rif'), rif);
      rmSync(at('room.rif'));
      symlinkSync('../../outside.rif', at('room.rif'));
      expect(await says()).to.match(/^unreadable-rif: Cannot read room\.rif: /);
    });

    it('ends rad and its children after the time that it has', async () => {
      writeFileSync(at('mode'), 'hangs');
      const given = plan();
      await waitUntil(
        'rad and its child',
        () => existsSync(at('grandchild')) && readFileSync(at('grandchild'), 'utf8'),
      );
      host.clock.pass(19_999);
      expect(host.helpers.size).to.equal(1);
      host.clock.pass(1);
      const message = 'rad did not plan room.rif: it took longer than 20 seconds; does a command hang?';
      expect(await given).to.deep.equal({ kind: 'refused', code: 'plan-failed', message });
      await waitUntil('the end of the child', () => processesIn(project.path).length === 0);
    });

    it('ends rad when it prints too much, and remembers only the end of its messages', async () => {
      expect(await says('floods')).to.match(
        /^plan-failed: rad did not plan room\.rif: it printed more than 4194304 bytes/,
      );
      expect(await says('noisy')).to.equal('plan-failed: rad cannot plan room.rif: the last word.');
    });

    it('says that rad crashed', async () => {
      expect(await says('crashes')).to.match(/^plan-failed: rad was ended by SIGSEGV/);
    });

    it('runs rad nicely, in a group of its own, without input', async () => {
      expect(await says('rights')).to.match(/nice 10 group (\d+) \1 stdin \[\]\.$/);
    });

    it('says that Radiance is not installed', async () => {
      host = handHost(join(base.path, 'home'));
      host.env = { PATH: '/nowhere' };
      expect(await says()).to.match(/^no-radiance: Radiance is not installed here: .*scripts\/setup/);
    });
  });
});
