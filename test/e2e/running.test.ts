import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView, TaskView } from '../../src/protocol/api.ts';
import { Lab, nobody, processesWith } from '../support/lab.ts';
import { top } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';

/** What is promised of simulations while they run, looked at from outside: in /proc, on the port, in the project. */
describe('while a real simulation runs', () => {
  let lab: Lab;
  let project: string;
  beforeEach(async () => {
    lab = await Lab.make();
    project = lab.project();
  });
  afterEach(() => lab.close());

  const at = (name: string) => join(project, name);
  const slow = ['--set', 'QUALITY=High', '--set', 'RESOLUTION=2000'];
  const renderers = () =>
    processesWith((words) => words[0]?.endsWith('rpict') === true).filter((pid) => workplace(pid) === project);
  const request = (rest: object = {}) => ({ kind: 'radiance', project: { path: project }, rif: 'room.rif', ...rest });
  const ask = (path: string, options: { body?: object; key?: string } = {}) => {
    const token = readFileSync(join(lab.home, 'config/token'), 'utf8').trim();
    return fetch(`http://127.0.0.1:${lab.port}${path}`, {
      method: options.body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${token}`,
        ...(options.body ? { 'content-type': 'application/json' } : {}),
        ...(options.key ? { 'idempotency-key': options.key } : {}),
      },
      ...(options.body ? { body: JSON.stringify(options.body) } : {}),
    });
  };
  const submit = async (rest: object = {}, key?: string) => {
    const answer = await ask('/api/v1/jobs', { body: request(rest), ...(key ? { key } : {}) });
    return { status: answer.status, job: (await answer.json()) as JobView };
  };
  const set = [
    { variable: 'QUALITY', value: 'High' },
    { variable: 'RESOLUTION', value: '2000' },
  ];

  it('it is nice, in a group and session of its own, without input, new rights or anything of the daemon', async () => {
    await lab.startDaemon();
    await lab.json<JobView>('submit', at('room.rif'), '--view', 'door', ...slow);
    const [pid = 0] = await waitUntil('a renderer', () => (renderers().length > 0 ? renderers() : false));
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    const facts = () =>
      read('stat')
        .replace(/^.*\) /s, '')
        .split(' ');
    // It becomes nice just after it has started.
    await waitUntil('a nice renderer', () => facts()[16] === '10');
    const stat = facts();
    const parentOf = (process: number) =>
      Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8'))?.[1]);
    const status = (field: string) => new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(read('status'))?.[1];
    expect(Number(stat[2]), 'group').to.equal(pid);
    expect(lab.procwraps(), 'the parent of its parent, the spawner').to.include(parentOf(Number(stat[1])));
    expect(status('NoNewPrivs')).to.equal('1');
    expect(status('Umask')).to.equal('0002');
    if (nobody) expect(status('Uid')?.split('\t')).to.deep.equal(Array(4).fill(String(nobody.uid)));
    expect(readlinkSync(`/proc/${pid}/fd/0`)).to.equal('/dev/null');
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter((name) => name.startsWith(lab.home))).to.deep.equal([]);
    const allowed = [
      'PATH',
      'RAYPATH',
      'LC_ALL',
      'HOME',
      'USER',
      'LOGNAME',
      'SHELL',
      'TMPDIR',
      'TZ',
      'RAYSERVER_ATTEMPT',
    ];
    const names = read('environ')
      .split('\0')
      .flatMap((entry) => entry.split('=')[0] || []);
    expect(names.filter((name) => !allowed.includes(name))).to.deep.equal([]);
    const noted = () => readdirSync(at('proc')).map((name) => readFileSync(at(`proc/${name}`), 'utf8'));
    await waitUntil('its pid file', () => noted().includes(`${pid}\n`));
  });

  it('those that wait do not follow a link of their project that was turned meanwhile', async () => {
    mkdirSync(join(lab.home, 'config'));
    lab.write(join(lab.home, 'config/rayserver.yaml'), 'slots: 1\n');
    lab.own(lab.home);
    await lab.startDaemon();
    const others = ['one', 'two'].map((name) => lab.project('room', name));
    const current = join(lab.directory, 'current');
    symlinkSync('one', current);
    const command = async (path: string, words: string[]) => {
      const answer = await ask('/api/v1/jobs', { body: { kind: 'command', project: { path }, command: words } });
      expect(answer.status).to.equal(201);
      return ((await answer.json()) as JobView).id;
    };
    await command(project, ['sh', '-c', 'while [ ! -e go ]; do sleep 0.05; done']);
    const waiting = await command(current, ['touch', 'made']);
    rmSync(current);
    symlinkSync('two', current);
    lab.write(at('go'), '');
    const { reason } = await waitUntil('the reason', async () => {
      const view = await lab.json<JobView>('show', String(waiting));
      return view.reason !== null && view;
    });
    expect(reason).to.match(/current is another project than the job was submitted for: .*two now, and led to .*one\./);
    for (const other of others) expect(existsSync(join(other, 'made'))).to.equal(false);
    rmSync(current);
    symlinkSync('one', current);
    const ended = await lab.rayctl('wait', String(waiting));
    expect(ended.status, ended.stderr).to.equal(0);
    expect(others.map((other) => existsSync(join(other, 'made')))).to.deep.equal([true, false]);
  });

  it('those that wait come in the order of their jobs, as many at a time as there are slots', async () => {
    mkdirSync(join(lab.home, 'config'));
    lab.write(join(lab.home, 'config/rayserver.yaml'), 'slots: 1\n');
    lab.own(lab.home);
    await lab.startDaemon();
    const names = ['one', 'two', 'three'];
    const paths = names.map((name) => lab.project('room', name));
    const ids: number[] = [];
    for (const path of paths) ids.push((await lab.json<JobView>('submit', join(path, 'room.rif'))).id);
    const running = async () => (await lab.json<{ hosts: { slots: number; running: number }[] }>('hosts')).hosts[0];
    expect(await running()).to.include({ slots: 1, running: 1 });
    const ended = await lab.rayctl('wait', ...ids.map(String));
    expect(ended.status, ended.stderr).to.equal(0);
    const spans: [string, string][] = [];
    for (const id of ids) {
      const { tasks } = (await (await ask(`/api/v1/jobs/${id}/tasks`)).json()) as { tasks: TaskView[] };
      spans.push(...tasks.map(({ startedAt, finishedAt }): [string, string] => [startedAt ?? '', finishedAt ?? '']));
    }
    expect(spans.length).to.be.greaterThan(8);
    for (const [index, [start, end]] of spans.entries()) {
      expect(start <= end && (index === 0 || (spans[index - 1]?.[1] ?? '') <= start), `task ${index}`).to.equal(true);
    }
  });

  it('its events tell how far it is and how long it still takes', async () => {
    await lab.startDaemon();
    const { job } = await submit({ views: ['door'], set: [{ variable: 'RESOLUTION', value: '1500' }] });
    const text = await (await ask(`/api/v1/jobs/${job.id}/events`)).text();
    const told = [...text.matchAll(/^event: job\nid: (\S+)\ndata: (.*)$/gm)].map(([, , data]) =>
      JSON.parse(data ?? ''),
    );
    const progress = told.map((one: JobView) => one.progress);
    expect(progress).to.deep.equal([...progress].sort((a, b) => a - b));
    expect(progress.filter((value) => value > 0 && value < 1).length).to.be.greaterThan(1);
    expect(told.some((one: JobView) => one.state === 'running' && (one.secondsLeft ?? -1) >= 0)).to.equal(true);
    expect(told.at(-1)).to.include({ state: 'done', progress: 1 });
  });

  it('its job keeps its idempotency key when the server is killed', async () => {
    const daemon = await lab.startDaemon();
    const first = await submit({ views: ['door'], set }, 'a-key');
    expect(first.status).to.equal(201);
    daemon.kill('SIGKILL');
    await daemon.ended;
    await lab.startDaemon();
    const again = await submit({ views: ['door'], set }, 'a-key');
    expect([again.status, again.job.id]).to.deep.equal([200, first.job.id]);
    const other = await ask('/api/v1/jobs', { body: request({ views: ['window'] }), key: 'a-key' });
    expect(other.status).to.equal(422);
    expect((await lab.json<{ jobs: JobView[] }>('jobs')).jobs).to.have.length(1);
    await lab.json('cancel', String(first.job.id));
  });

  it('whose procwrap is killed each time it is tried again, but five times only', async () => {
    await lab.startDaemon();
    const { job } = await submit({ views: ['door'], set });
    for (let attempt = 1; attempt <= 5; attempt++) {
      await waitUntil(`attempt ${attempt}`, async () => {
        const { tasks } = (await (await ask(`/api/v1/jobs/${job.id}/tasks`)).json()) as { tasks: TaskView[] };
        return tasks.some((task) => task.pid !== null && task.attempts === attempt && task.step !== 'octree');
      });
      for (const pid of lab.procwraps()) process.kill(pid, 'SIGKILL');
    }
    const ended = await lab.rayctl('wait', String(job.id));
    expect(ended.status).to.equal(1);
    expect(ended.stderr).to.match(
      /The control process of .* \(procwrap or its spawner\) ended 5 times while room\.\w+ ran; it is not tried again\./,
    );
    await waitUntil('no renderer', () => renderers().length === 0);
  });

  it('the port describes itself as the openapi.json that was built', async () => {
    await lab.startDaemon();
    const served = (await (await ask('/openapi.json')).json()) as { info: object };
    expect(served).to.deep.equal(JSON.parse(readFileSync(join(top, 'openapi.json'), 'utf8')));
  });
});

/** The working directory of a process that is still there. */
function workplace(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
