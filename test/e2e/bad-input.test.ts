import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { findRadiance, packageDirectory } from '../../src/executor/installation.ts';
import type { JobList, JobView } from '../../src/protocol/api.ts';
import { Lab, nobody, processesWith } from '../support/lab.ts';
import type { Ended } from '../support/program.ts';
import { skip } from '../support/skip.ts';
import { waitUntil } from '../support/wait-until.ts';

/** What people get wrong, given to the real programs: a clear sentence, the right exit status, nothing left behind. */
describe('bad input', () => {
  let lab: Lab;
  let project: string;
  const open = async () => {
    lab = await Lab.make();
    project = lab.project();
  };
  const close = () => lab.close();

  const at = (name: string) => join(project, name);
  const rif = () => readFileSync(at('room.rif'), 'utf8');
  const jobs = async () => (await lab.json<JobList>('jobs')).jobs;
  const socket = () => ['--server', `unix://${join(lab.home, 'run/submit.sock')}`];
  const submit = (name: string, ...args: string[]) => lab.rayctl(...socket(), 'submit', at(name), ...args);

  /** Everything in the project, but the two directories that a project always has. */
  const contents = () =>
    readdirSync(project, { recursive: true, encoding: 'utf8' })
      .filter((name) => name !== 'proc' && name !== 'logfiles')
      .sort();

  /** Programs that work in the project, or did when it was still there. */
  const atWork = () => processesWith(() => true).filter((pid) => workplace(pid).startsWith(project));

  /** It is refused so, no job was made, and the project is as it was. */
  const expectRefusal = async (deed: () => Promise<Ended>, sentence: RegExp, status = 1) => {
    const before = contents();
    const ended = await deed();
    expect(ended.stderr).to.match(sentence);
    expect(ended.stderr.trim().split('\n'), 'a sentence').to.have.length.at.most(2);
    expect(ended.stdout).to.equal('');
    expect(ended.status, ended.stderr).to.equal(status);
    expect(contents()).to.deep.equal(before);
    expect(await jobs()).to.deep.equal([]);
    expect(atWork()).to.deep.equal([]);
  };

  /** The job fails so, and says it in all three places; what it had made half is gone. */
  const expectFailure = async (args: string[], sentence: RegExp, lastLine: RegExp | null) => {
    const ended = await submit('room.rif', '--view', 'door', ...args, '--wait');
    expect(ended.status, ended.stdout).to.equal(1);
    expect(ended.stderr).to.match(sentence);
    const [job] = await jobs();
    expect(job).to.include({ state: 'failed' });
    const id = String(job?.id);
    const again = await lab.rayctl('wait', id);
    expect(again.status).to.equal(1);
    const shown = await lab.rayctl('show', id);
    for (const text of [ended.stderr, again.stderr, shown.stdout]) {
      expect(text).to.include(job?.reason);
      if (lastLine !== null) expect(text).to.match(lastLine);
    }
    expect(contents().filter((name) => /\.(unf|part|tmp|hdr)/.test(name))).to.deep.equal([]);
    expect(readdirSync(at('proc'))).to.deep.equal([]);
    expect(atWork()).to.deep.equal([]);
  };

  /** A Radiance of which one program is another, made the setting of the home. */
  const otherRadiance = (program: string | null, script = '') => {
    const found = findRadiance(null, process.env, packageDirectory());
    const real = found.found ? found.directory : null;
    if (real === null) throw new Error('these tests need Radiance as one tree, as scripts/setup unpacks it');
    const other = join(lab.directory, 'radiance');
    mkdirSync(join(other, 'bin'), { recursive: true });
    if (program !== null) {
      symlinkSync(join(real, 'lib'), join(other, 'lib'));
      for (const name of readdirSync(join(real, 'bin'))) {
        if (name !== program) symlinkSync(join(real, 'bin', name), join(other, 'bin', name));
      }
      writeFileSync(join(other, 'bin', program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    mkdirSync(join(lab.home, 'config'), { recursive: true });
    lab.write(join(lab.home, 'config/rayserver.yaml'), `radiance: ${other}\n`);
    lab.own(lab.home);
  };

  describe('in a .rif', () => {
    // One daemon for all: each of them must leave everything as it was.
    before(async () => {
      await open();
      await lab.startDaemon();
    });
    after(close);

    it('a scene file that is missing', async () => {
      renameSync(at('room.rad'), at('elsewhere.rad'));
      await expectRefusal(() => submit('room.rif'), /room\.rad: No such file/);
      renameSync(at('elsewhere.rad'), at('room.rad'));
    });

    it('that is missing itself, or is a directory', async () => {
      await expectRefusal(() => submit('none.rif'), /No such file ".*none\.rif"/, 2);
      mkdirSync(at('dir.rif'));
      await expectRefusal(() => submit('dir.rif'), /is a directory/, 2);
    });

    const wrong: Record<string, [text: string | ((rif: string) => string), sentence: RegExp]> = {
      'a line that is none': [(text) => `${text}this is no assignment\n`, /this is no assignment|syntax|variable/i],
      'a variable that there is not': [(text) => `${text}NOSUCH= 1\n`, /NOSUCH/],
      'a value that there is not': [(text) => `${text}VARIABILITY= Splendid\n`, /VARIABILITY|Splendid/],
      'nothing at all': ['', /need 'OCTREE' or 'scene'/],
      'bytes that are no text': ['\u0000\u0001\u0002', /^rayctl: bad\.rif contains NUL bytes/],
      'an octree that is a pipe': [(text) => text.replace(/OCTREE=.*/, 'OCTREE= |cat > stolen'), /OCTREE/],
      'an octree elsewhere': [(text) => text.replace(/OCTREE=.*/, 'OCTREE= /tmp/stolen.oct'), /OCTREE|\/tmp\/stolen/],
      'an octree above': [(text) => text.replace(/OCTREE=.*/, 'OCTREE= ../stolen.oct'), /\.\.\/stolen/],
      'an octree with blanks': [(text) => text.replace(/OCTREE=.*/, 'OCTREE= my room.oct'), /my room/],
      'pictures elsewhere': [(text) => text.replace(/PICTURE=.*/, 'PICTURE= /etc/x'), /\/etc\/x/],
      'pictures with a quote': [(text) => text.replace(/PICTURE=.*/, "PICTURE= images/it's"), /it's/],
      'an ambient file elsewhere': [(text) => text.replace(/AMBFILE=.*/, 'AMBFILE= ../../x.amb'), /x\.amb/],
      'an output among the options': [(text) => `${text}render= -o /etc/x\n`, /-o/],
      'a command among the options': [(text) => `${text}render= -ab 1; touch stolen\n`, /;|touch/],
      'a substitution among the options': [(text) => `${text}render= -ab $(touch stolen)\n`, /\$|touch/],
      'a redirection among the options': [(text) => `${text}oconv= -n 3 > stolen\n`, />|stolen/],
      'a scene file that is a command': [(text) => text.replace('scene= room.rad', 'scene= !touch'), /!touch/],
      'a view whose name is a path': [(text) => `${text}view= ../up -vp 1 1 1\n`, /\.\.\/up/],
      'a view whose name has a quote': [(text) => `${text}view= a"b -vp 1 1 1\n`, /a.*b/],
    };
    for (const [what, [text, sentence]] of Object.entries(wrong)) {
      it(`${what} is refused`, async () => {
        lab.write(at('bad.rif'), typeof text === 'string' ? text : text(rif()));
        await expectRefusal(() => submit('bad.rif'), sentence);
        expect(existsSync(at('stolen')) || existsSync('/tmp/stolen.oct')).to.equal(false);
      });
    }

    for (const name of ['two words.rif', "it's.rif", 'two\nlines.rif', '$(touch stolen).rif', '-x.rif', 'a;b.rif']) {
      it(`whose own name is ${JSON.stringify(name)} is refused by that name`, async () => {
        lab.write(at(name), rif());
        await expectRefusal(() => submit(name), new RegExp(name.slice(0, 2).replace(/[$(]/g, '\\$&')));
        expect(existsSync(at('stolen'))).to.equal(false);
      });
    }

    it('a view that there is not', async () => {
      await expectRefusal(() => submit('room.rif', '--view', 'roof'), /^rayctl: Unknown view "roof"/);
      await expectRefusal(() => submit('room.rif', '--view', 'a"\n$(x)'), /^rayctl: Unknown view/);
    });

    it('variables that --set makes hostile', async () => {
      const set = (text: string) => submit('room.rif', '--set', text);
      await expectRefusal(() => set('OCTREE=|cat'), /OCTREE/);
      await expectRefusal(() => set('render=-o /etc/x'), /-o/);
      await expectRefusal(() => set('QUALITY=High\nOCTREE= /tmp/stolen.oct'), /QUALITY|line/);
      await expectRefusal(() => set('AMBFILE=`touch stolen`'), /touch/);
    });
  });

  describe('as a project', () => {
    beforeEach(open);
    afterEach(close);

    it('no name is: with blanks, quotes and a line end its picture is made, too', async () => {
      const odd = join(lab.directory, `a room's "last"\nname; $(x)`);
      renameSync(project, odd);
      await lab.startDaemon();
      const ended = await lab.rayctl('submit', join(odd, 'room.rif'), '--view', 'door', '--wait');
      expect(ended.status, ended.stderr).to.equal(0);
      expect(existsSync(join(odd, 'images/room_door.hdr'))).to.equal(true);
    });

    const isMissed = (id: number) =>
      waitUntil('the reason', async () => {
        const { reason } = await lab.json<JobView>('show', String(id));
        const says = `The project ${project} is not there. Mount it, and the job goes on by itself; or cancel the job.`;
        return reason === says;
      });

    it('that is deleted while it runs: the job waits and says so, and nothing comes back', async () => {
      lab.write(at('room.rif'), rif().replace(/^AMBFILE=.*\n/m, ''));
      // It sees its project only, which is deleted under it.
      const waits = '[ -e go ] || { touch began; while [ -e began ]; do sleep 0.05; done; }';
      otherRadiance('rpict', `${waits}; exec ${realProgram('rpict')} "$@"`);
      await lab.startDaemon();
      const job = await lab.json<JobView>('submit', at('room.rif'), '--view', 'door');
      await waitUntil('the renderer', () => existsSync(at('began')));
      rmSync(project, { recursive: true });
      await isMissed(job.id);
      expect(atWork()).to.deep.equal([]);
      expect(existsSync(project)).to.equal(false);
      expect((await lab.rayctl('cancel', String(job.id))).status).to.equal(0);
      expect(existsSync(project)).to.equal(false);
      const next = lab.project();
      renameSync(next, project);
      lab.write(at('go'), '');
      const ended = await lab.rayctl('submit', at('room.rif'), '--view', 'door', '--wait');
      expect(ended.status, ended.stderr).to.equal(0);
    });

    it('that is taken away between two tasks: the job waits until it is back', async () => {
      otherRadiance('oconv', `touch began; while [ ! -e go ]; do sleep 0.05; done; exec ${realProgram('oconv')} "$@"`);
      await lab.startDaemon();
      const job = await lab.json<JobView>('submit', at('room.rif'), '--view', 'door');
      await waitUntil('oconv', () => existsSync(at('began')));
      renameSync(project, `${project}.gone`);
      writeFileSync(`${project}.gone/go`, '');
      await isMissed(job.id);
      expect(existsSync(project)).to.equal(false);
      renameSync(`${project}.gone`, project);
      const ended = await lab.rayctl('wait', String(job.id));
      expect(ended.status, ended.stderr).to.equal(0);
    });

    it('that cannot be read, or not be written', async function () {
      if (!nobody) skip(this, 'only root can give a project to somebody else');
      await lab.startDaemon();
      chmodSync(project, 0o700);
      const { chownSync } = await import('node:fs');
      chownSync(project, 0, 0);
      const file = { project: { path: project }, rif: 'room.rif', kind: 'radiance' };
      expect(await post(file)).to.deep.equal([422, `Project not readable: ${project}`]);
      chmodSync(project, 0o755);
      expect(await post(file)).to.deep.equal([422, `Project not writable: ${project}/proc`]);
      expect(contents()).to.not.include('images');
      expect(await jobs()).to.deep.equal([]);
    });

    it('whose root is closed although its directories are open', async function () {
      if (!nobody) skip(this, 'only root can give a project to somebody else');
      for (const name of ['proc', 'logfiles']) mkdirSync(at(name));
      lab.own(project);
      chmodSync(project, 0o555);
      await lab.startDaemon();
      await expectRefusal(() => submit('room.rif'), new RegExp(`Project not writable: ${project}`));
    });
  });

  describe('as Radiance', () => {
    beforeEach(open);
    afterEach(close);

    it('whose oconv reports an error: the job fails, and shows what oconv said', async () => {
      await lab.startDaemon();
      lab.write(at('room.rad'), 'nosuch polygon p 0 0 9 0 0 0 1 0 0 0 1 0\n');
      await expectFailure([], /undefined modifier "nosuch"/, /\| oconv: fatal - .*undefined modifier "nosuch"/);
      expect(readdirSync(at('octrees'))).to.deep.equal([]);
    });

    it('that is not installed: a submit says how to get it', async () => {
      otherRadiance(null);
      await lab.startDaemon([], { env: { PATH: '/usr/bin:/bin', RAYPATH: undefined } });
      await expectRefusal(() => submit('room.rif'), /Radiance is not installed here.*scripts\/setup/);
    });

    it('that the setting does not find is not replaced by the one in PATH', async () => {
      otherRadiance(null);
      await lab.startDaemon();
      await expectRefusal(() => submit('room.rif'), /Radiance is not installed here.*setting "radiance"/);
    });

    const renderers: Record<string, [script: string, sentence: RegExp, lastLine: RegExp | null]> = {
      'crashes by a signal': [
        'echo "half a picture"; echo "last words" >&2; kill -SEGV $$',
        /rpict crashed \(SIGSEGV\)\./,
        /\| last words/,
      ],
      'is killed': ['kill -KILL $$', /rpict was killed \(SIGKILL\)/, null],
      'prints nothing': ['exit 0', /rpict ended without an error but wrote nothing\./, null],
      'fails and says nothing': ['exit 2', /rpict failed with exit status 2 and said nothing\./, null],
      'says what is wrong': [
        'echo "rpict: fatal - no light" >&2; exit 1',
        /rpict failed: no light\./,
        /\| rpict: fatal - no light/,
      ],
      'says too much': [
        'echo "half a picture"; yes "$(head -c 200 /dev/zero | tr "\\0" x)" | head -c 9000000 >&2; echo >&2; echo "rpict: system - full" >&2; exit 2',
        /rpict failed: full\./,
        /\| rpict: system - full/,
      ],
    };
    for (const [what, [script, sentence, lastLine]] of Object.entries(renderers)) {
      it(`whose renderer ${what}: the job fails, and shows the last lines`, async () => {
        otherRadiance('rpict', script);
        // No overture: it is the view that goes wrong.
        lab.write(at('room.rif'), rif().replace(/^AMBFILE=.*\n/m, ''));
        await lab.startDaemon();
        await expectFailure([], sentence, lastLine);
        const log = readFileSync(at('logfiles/room.door.log'));
        expect(log.length).to.be.at.most(2 * 1024 * 1024 + 1000);
      });
    }
  });

  /** The working directory of a process that is still there. */
  const workplace = (pid: number) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`);
    } catch {
      return '';
    }
  };

  const realProgram = (name: string) => {
    const found = findRadiance(null, process.env, packageDirectory());
    return found.found ? join(found.directory ?? '', 'bin', name) : name;
  };

  /** Status and sentence. */
  const post = async (body: object): Promise<[number, string | undefined]> => {
    const token = readFileSync(join(lab.home, 'config/token'), 'utf8').trim();
    const answer = await fetch(`http://127.0.0.1:${lab.port}/api/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return [answer.status, ((await answer.json()) as { error?: { message: string } }).error?.message];
  };
});
