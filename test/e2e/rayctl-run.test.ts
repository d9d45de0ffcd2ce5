import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Value } from 'typebox/value';
import { JobView, type SubmitRequest } from '../../src/protocol/api.ts';
import { MemoryFarm } from '../support/memory-farm.ts';
import { MemoryHome } from '../support/memory-home.ts';
import { runRayctl, startRayctl } from '../support/rayctl.ts';
import { waitUntil } from '../support/wait-until.ts';

/** A farm that remembers what it was asked. */
class AskedFarm extends MemoryFarm {
  readonly requests: SubmitRequest[] = [];

  override submit(...[caller, request, key]: Parameters<MemoryFarm['submit']>) {
    this.requests.push(request);
    return super.submit(caller, request, key);
  }
}

describe('rayctl run', () => {
  let home: MemoryHome;
  let farm: AskedFarm;
  let directory: string;
  const run = (...args: string[]) => runRayctl(home, 'run', ...args);

  beforeEach(async () => {
    farm = new AskedFarm();
    home = await MemoryHome.open(farm);
    directory = realpathSync(home.directory);
    mkdirSync(join(directory, 'house'));
  });
  afterEach(() => home.remove());

  it('hands the command over as it is, in the working directory', async () => {
    const words = ['./a tool', '', '--json', '-x', '$HOME', '*', '%d', '--', 'Küche\n'];
    const ended = await run('--', ...words);
    expect(ended).to.deep.include({ status: 0, stdout: 'Job 1 submitted.\n', stderr: '' });
    expect(farm.requests).to.deep.equal([{ kind: 'command', project: { path: directory }, command: words }]);
  });

  it('takes project, frames, slots and limits', async () => {
    const limits = ['--retries', '0', '--time-limit', '1.5', '--progress-limit', 'none'];
    const names = ['--name', 'evening', '--priority', '-3'];
    const ended = await run(
      '--project',
      'house',
      '--frames',
      '1-3,9',
      '--slots',
      '2',
      ...limits,
      ...names,
      '--',
      'r',
      '%d',
    );
    expect([ended.status, ended.stderr]).to.deep.equal([0, '']);
    expect(farm.requests).to.deep.equal([
      {
        kind: 'command',
        project: { path: join(directory, 'house') },
        command: ['r', '%d'],
        frames: '1-3,9',
        slots: 2,
        name: 'evening',
        priority: -3,
        retries: 0,
        timeLimit: 1.5,
        progressLimit: null,
      },
    ]);
  });

  it('prints the job for programs, wherever --json stands before the command', async () => {
    const { stdout, status } = await runRayctl(home, '--json', 'run', '--frames', '1-4', '--', 'true');
    const job: unknown = JSON.parse(stdout);
    expect([status, Value.Check(JobView, job)]).to.deep.equal([0, true]);
    expect(job).to.deep.include({ kind: 'command', frames: '1-4', command: ['true'] });
  });

  it('waits, with the frames that are done, and ends as the job does', async () => {
    const running = startRayctl(home, ['run', '--frames', '1-4', '--wait', '--', 'true']);
    await running.says('Job 1 submitted.');
    await waitUntil('a watcher', () => farm.watchers(1) === 1);
    const reason = 'frame 3 failed: exit status 1.';
    farm.change(1, { state: 'failed', finishedAt: '2026-11-22T10:31:00.000Z', reason });
    const { status, stderr } = await running.ended;
    expect(status).to.equal(1);
    expect(stderr).to.include('Job 1 failed: frame 3 failed: exit status 1.\n');
    expect(stderr).to.include('Try again what failed: rayctl retry 1 ');
  });

  const mistakes: [string, string[], RegExp][] = [
    [
      'a list of frames that is none',
      ['--frames', '1-', '--', 'true'],
      /Frames are written like 1-100:2,7,20-10:-1; "1-"/,
    ],
    ['a range without a frame', ['--frames', '5-1:2', '--', 'true'], /No frame is in 5-1:2: its step leads away\./],
    ['too many frames', ['--frames', '1-1000001', '--', 'true'], /More than 1000000 frames: use several jobs\./],
    ['no slot', ['--slots', '0', '--', 'true'], /A whole number from 1 to 1000000 is wanted\./],
    [
      'a limit of no time',
      ['--time-limit', '0', '--', 'true'],
      /A number of seconds above 0 and up to 1000000000 is wanted, or none\./,
    ],
    ['a limit that is no number', ['--progress-limit', '1e3', '--', 'true'], /A number of seconds above 0/],
    ['too many retries', ['--retries', '1001', '--', 'true'], /A whole number from 0 to 1000 is wanted\./],
    ['a project that is not there', ['--project', 'nowhere', '--', 'true'], /No such directory "nowhere"\./],
    [
      'a command without --',
      ['true', 'x'],
      /Write -- before the command: rayctl run \[OPTION\]\.\.\. -- COMMAND \[ARG\]\.\.\./,
    ],
    ['a program without a name', ['--', '', 'x'], /The word after -- is empty: name a program there\./],
    ['words before --', ['true', '--', 'x'], /Write -- before the command/],
    [
      'a command of too many words',
      ['--', 'cat', ...Array(16_384).fill('x')],
      /The command has 16385 words; a job takes 16384 at most\. Let the program read its arguments from a file\.\n$/,
    ],
    [
      'a command that is too long',
      ['--', 'cat', ...Array(3).fill('"'.repeat(65_000))],
      /The command is too long: as JSON the job has 390\d{3} bytes, of 262144 at most\. Let the program read /,
    ],
    ['no command', [], /missing required argument 'COMMAND'/],
    ['options of the program before --', ['true', '-x'], /unknown option '-x'\n.*What stands before -- is for rayctl/s],
  ];
  for (const [what, args, message] of mistakes) {
    it(`refuses ${what} before anything is sent`, async () => {
      const ended = await run(...args);
      expect([ended.status, ended.stdout, farm.requests]).to.deep.equal([2, '', []]);
      expect(ended.stderr)
        .to.match(/^rayctl: /)
        .and.to.match(message);
    });
  }

  it('refuses a file as a project', async () => {
    const ended = await run('--project', home.home.tokenFile, '--', 'true');
    expect(ended.status).to.equal(2);
    expect(ended.stderr).to.match(/token" is no directory\. Name the project directory of the command\.\n$/);
  });

  it('of another machine: an absolute path is believed, another must be here', async () => {
    const to = ['--server', `http://127.0.0.1:${home.port}`, '--token-file', home.home.tokenFile];
    expect((await run(...to, '--project', '/projects/house', '--', 'true')).status).to.equal(0);
    expect(farm.requests[0]?.project).to.deep.equal({ path: '/projects/house' });
    const ended = await run(...to, '--project', 'nowhere', '--', 'true');
    expect(ended.stderr).to.equal('rayctl: "nowhere" is not on this machine. Give its absolute path on the server.\n');
  });

  it('tells a refusal of the server', async () => {
    const to = ['--server', `http://127.0.0.1:${home.port}`, '--token-file', home.home.tokenFile];
    const ended = await run(...to, '--project', '/missing', '--', 'true');
    expect([ended.status, ended.stderr]).to.deep.equal([1, 'rayctl: No such project "/missing".\n']);
  });
});
