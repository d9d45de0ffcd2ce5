import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RayserverClient } from '../../src/client/rayserver-client.ts';
import type { SandboxMode } from '../../src/model/service.ts';
import type { SubmitRequest } from '../../src/protocol/api.ts';
import { host } from '../support/daemon.ts';
import { Lab, nobody, processesWith } from '../support/lab.ts';
import { Running, top } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { Attempt, Call, Facts } from './attempt.ts';

/** What x86-64 and arm64 call them. */
const calls: Record<string, Record<Call, number>> = {
  x64: {
    ptrace: 101,
    process_vm_readv: 310,
    mount: 165,
    umount2: 166,
    mknodat: 259,
    unshare: 272,
    setns: 308,
    chroot: 161,
    bpf: 321,
    io_uring_setup: 425,
    userfaultfd: 323,
    perf_event_open: 298,
    add_key: 248,
    open_by_handle_at: 304,
    pivot_root: 155,
    init_module: 175,
  },
  arm64: {
    ptrace: 117,
    process_vm_readv: 270,
    mount: 40,
    umount2: 39,
    mknodat: 33,
    unshare: 97,
    setns: 268,
    chroot: 51,
    bpf: 280,
    io_uring_setup: 425,
    userfaultfd: 282,
    perf_event_open: 241,
    add_key: 217,
    open_by_handle_at: 265,
    pivot_root: 41,
    init_module: 105,
  },
};

/** What stays behind where something did. */
const late = 'sleep 4321';

const rif = (zone: string) => `${zone}
QUALITY= Low
RESOLUTION= 8
scene= escape.rad
OCTREE= octrees/escape.oct
PICTURE= images/escape
view= here -vp 0.5 0.5 0.5 -vd 1 0 0
`;

/** A daemon with two projects, and around them what a simulation must not reach. */
export class Stage {
  readonly facts: Facts;
  readonly secret: string;
  readonly lab: Lab;
  readonly #client: RayserverClient;
  readonly #closing: (() => unknown)[];
  #token = '';
  #count = 0;

  private constructor(lab: Lab, facts: Facts, secret: string, closing: (() => unknown)[]) {
    this.lab = lab;
    this.facts = facts;
    this.secret = secret;
    this.#client = new RayserverClient({ server: `unix:${lab.home}/run/submit.sock` });
    this.#closing = closing;
    this.#token = readFileSync(join(lab.home, 'config/token'), 'utf8').trim();
  }

  static async open(mode: SandboxMode): Promise<Stage> {
    const secret = randomBytes(16).toString('hex');
    const lab = await Lab.make();
    const library = join(lab.directory, 'library');
    const [project, other] = [join(lab.directory, 'project'), join(lab.directory, 'other')];
    for (const path of [library, project, other, join(project, 'attempts'), join(project, 'out')]) mkdirSync(path);
    lab.own(lab.directory);
    const [temporary, shared] = [join(tmpdir(), `escape-${secret}`), `/dev/shm/escape-${secret}`];
    for (const path of [`${other}/secret.txt`, `${lab.home}/id`, temporary, shared]) lab.write(path, secret);
    lab.write(join(library, 'material.rad'), 'void plastic white 0 0 5 .5 .5 .5 0 0\n');
    addProgramOfRoot(join(project, 'setuid'));
    mkdirSync(join(lab.home, 'config'));
    lab.own(lab.home);
    lab.write(join(lab.home, 'config/rayserver.yaml'), settings(mode, library));
    const daemon = await lab.startDaemon();
    const [, procwrap, spawner] = await waitUntil('the spawner in the log', () =>
      /procwrap \S+: started, pid (\d+), spawner (\d+)/.exec(readFileSync(join(lab.home, 'srvlogs', host), 'utf8')),
    );
    const around = await surround(secret, other);
    const facts: Facts = {
      home: lab.home,
      project,
      other,
      library,
      temporary,
      shared,
      server: daemon.pid,
      procwrap: Number(procwrap),
      spawner: Number(spawner),
      port: lab.port,
      calls: calls[process.arch] ?? (calls['x64'] as Record<Call, number>),
      ...around.facts,
    };
    const remove = () => {
      for (const path of [temporary, shared]) rmSync(path, { force: true });
    };
    return new Stage(lab, facts, secret, [...around.closing, remove, () => lab.close()]);
  }

  /** Lets a simulation try it. @returns whether it has succeeded */
  async try({ by, tries, trace }: Attempt): Promise<boolean> {
    const { lab, facts } = this;
    this.#tidy();
    const name = `attempt-${++this.#count}`;
    const out = join(facts.project, 'out', name);
    const script = `cd ${facts.project}\n{ ${tries(facts)}\n} > ${out} 2> ${out}.err < /dev/null\ntrue\n`;
    lab.write(join(facts.project, 'attempts', name), script);
    lab.write(
      join(facts.project, 'escape.rad'),
      `!sh attempts/${name}\nvoid glow g 0 0 4 1 1 1 0\ng sphere s 0 0 4 2 .5 .5 .2\n`,
    );
    lab.write(join(facts.project, 'escape.rif'), rif(by === 'plan' ? '' : 'ZONE= Interior 0 1 0 1 0 1'));
    await this.#run(by, name);
    if (!existsSync(out)) throw new Error(`${name} was not tried: nothing has run it`);
    const said = readFileSync(out, 'latin1');
    const left = trace?.(facts) === true || this.#hasLeft();
    return left || said.includes(this.secret) || said.includes(this.#token) || /^taken/m.test(said);
  }

  /** What it printed on standard error last, for whoever asks why. */
  complaint(): string {
    return readFileSync(join(this.facts.project, 'out', `attempt-${this.#count}.err`), 'latin1').trim();
  }

  /** Whether daemon, control process and bystander are as they were. */
  async isSound(): Promise<boolean> {
    const { server, procwrap, spawner, bystander } = this.facts;
    const alive = [server, procwrap, spawner, bystander].every((pid) => existsSync(`/proc/${pid}`));
    return alive && (await this.#client.healthy());
  }

  async close(): Promise<void> {
    await this.#client.close();
    for (const deed of this.#closing) await deed();
  }

  async #run(by: Attempt['by'], name: string): Promise<void> {
    const project = { path: this.facts.project };
    const request: SubmitRequest =
      by === 'job'
        ? { kind: 'command', project, command: ['sh', `attempts/${name}`], retries: 0 }
        : { kind: 'radiance', project, rif: 'escape.rif', force: true, replace: true, retries: 0 };
    try {
      const { id } = await this.#client.submit(request);
      for await (const job of this.#client.wait(id)) void job;
    } catch (error) {
      // What it has done may keep it from being planned.
      if (by === 'job') throw error;
    }
  }

  #hasLeft(): boolean {
    const left = processesWith((words) => words.join(' ').startsWith(late));
    for (const pid of left) process.kill(pid, 'SIGKILL');
    return left.length > 0;
  }

  #tidy(): void {
    for (const name of ['logfiles', 'proc', 'images', 'octrees', 'ambfiles', 'away', 'm', 'hard', 'token', 'beside'])
      rmSync(join(this.facts.project, name), { recursive: true, force: true });
  }
}

/** Root's, with the right to be root. */
function addProgramOfRoot(path: string): void {
  if (!nobody) return;
  copyFileSync('/usr/bin/id', path);
  chmodSync(path, 0o4755);
  if ((statSync(path).mode & 0o4000) === 0) throw new Error(`${path} has no setuid bit`);
}

function settings(mode: SandboxMode, library: string): string {
  return `sandbox: {mode: ${mode}, readable: [${library}], tmp: 16 MB}
limits: {processes: 64, files: 256, memory: 512 MB, seconds: 60}
slots: 2
`;
}

/** Who else is on the machine. */
async function surround(
  secret: string,
  directory: string,
): Promise<{
  facts: Pick<Facts, 'bystander' | 'address' | 'teller' | 'listener' | 'abstract' | 'key'>;
  closing: (() => unknown)[];
}> {
  const key = randomInt(1, 2 ** 31);
  const abstract = `escape-${secret.slice(0, 8)}`;
  const program = join(top, 'test/escapes/bystander.pl');
  const bystander = new Running('perl', [program, secret, directory, String(key)], {
    env: { SECRET: secret },
    milliseconds: 600_000,
    ...(nobody ? { user: nobody } : {}),
    input: null,
  });
  await bystander.says(/^\d+$/m);
  const tcp = await tells(secret, 0);
  const unix = await tells(secret, `\0${abstract}`);
  const udp = createSocket('udp4', (_message, { port, address }) => udp.send(secret, port, address));
  await new Promise<void>((settle) => udp.bind(0, '127.0.0.1', settle));
  const address = tcp.address();
  return {
    facts: {
      bystander: bystander.pid,
      address: bystander.stdout.trim(),
      teller: typeof address === 'object' && address ? address.port : 0,
      listener: udp.address().port,
      abstract,
      key,
    },
    closing: [
      () => tcp.close(),
      () => unix.close(),
      () => udp.close(),
      async () => {
        bystander.child.stdin?.end();
        await bystander.ended;
      },
    ],
  };
}

/** A server that tells the secret to whoever connects. */
function tells(secret: string, at: number | string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(secret);
  });
  return new Promise((settle) => {
    const ready = () => settle(server);
    if (typeof at === 'number') server.listen(at, '127.0.0.1', ready);
    else server.listen(at, ready);
  });
}
