import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { JobView } from '../../src/protocol/api.ts';
import { figure, readExposition, type Sample } from '../support/exposition.ts';
import { Lab, nobody } from '../support/lab.ts';
import { isAlive, Running, runCommand, top } from '../support/program.ts';
import { waitUntil } from '../support/wait-until.ts';
import { Attacker } from './attacks.ts';
import type { Flooded } from './flood.ts';
import { GoodClient, type Measured } from './good-client.ts';
import type { Slow } from './slow.ts';
import type { Way } from './ways.ts';

/** `npm run test:hostile` has them all; the test command has a round of half a minute. */
const all = process.env['RAYSERVER_HOSTILE'] === 'all';
const counts = all
  ? { flood: 1_000_000, slow: 10_000, seconds: 15 }
  : { flood: 15_000, slow: Math.min(2000, Math.floor(openFiles() / 4)), seconds: 3 };
const seed = Number(process.env['RAYSERVER_SEED'] ?? 20261122);

function openFiles(): number {
  return Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024);
}

/** The compiled daemon of an ordinary user, and how it fares. */
class Target {
  readonly lab: Lab;
  readonly pid: number;
  readonly ways: { readonly token: Way; readonly stranger: Way; readonly local: Way };
  readonly #project: string;
  readonly #jobs: JobView[] = [];

  constructor(lab: Lab, daemon: Running) {
    this.lab = lab;
    this.pid = daemon.pid;
    this.#project = lab.project();
    const token = readFileSync(join(lab.home, 'config/token'), 'utf8').trim();
    const tcp = { port: lab.port, socket: null };
    const local = { port: 0, socket: join(lab.home, 'run/submit.sock'), token: null };
    this.ways = { token: { ...tcp, token }, stranger: { ...tcp, token: null }, local };
  }

  static async open(lab: Lab): Promise<Target> {
    return new Target(lab, await lab.startDaemon([], { milliseconds: 3_600_000 }));
  }

  /** Resident memory, MB. */
  get memory(): number {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]) / 1024;
  }

  /** Seconds of processor time used so far. */
  get worked(): number {
    const words = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(words[11]) + Number(words[12])) / 100;
  }

  async submit(way: Way): Promise<void> {
    const name = `good ${this.#jobs.length}`;
    const small = ['QUALITY', 'RESOLUTION'].map((variable, at) => ({ variable, value: ['Low', '8'][at] ?? '' }));
    const project = { path: this.#project };
    const body = { kind: 'radiance', project, rif: 'room.rif', views: ['door'], set: small, replace: true, name };
    const { status, json } = await new GoodClient(way).ask('POST', '/api/v1/jobs', body);
    expect(status, JSON.stringify(json)).to.equal(201);
    this.#jobs.push(json as JobView);
  }

  async figures(): Promise<Sample[]> {
    const headers = { authorization: `Bearer ${this.ways.token.token}` };
    return readExposition(await (await fetch(`http://127.0.0.1:${this.lab.port}/metrics`, { headers })).text());
  }

  /** It is the same process, nothing went wrong inside, and what the good client has submitted is there. */
  async isWhole(): Promise<void> {
    expect(isAlive(this.pid), 'the server').to.equal(true);
    expect(this.lab.daemon?.stderr).to.not.match(/internal error|Error:|Exception/i);
    const client = new GoodClient(this.ways.token);
    for (const { id, name } of this.#jobs) {
      const { json } = await client.ask('GET', `/api/v1/jobs/${id}`);
      expect((json as JobView).name).to.equal(name);
    }
  }
}

/** Whom the daemon runs as. */
const user = nobody ? { user: nobody } : {};
const told = (what: string, found: object) => console.log(`      ${what}: ${JSON.stringify(found)}`);

describe('hostile clients', function () {
  this.timeout(3_600_000);
  let lab: Lab;
  let target: Target;
  const attackers: { stop(): Promise<void> }[] = [];
  const attack = <Said>(...asked: ConstructorParameters<typeof Attacker>): Attacker<Said> => {
    const attacker = new Attacker<Said>(...asked);
    attackers.push(attacker);
    return attacker;
  };

  beforeEach(async () => {
    lab = await Lab.make();
  });
  afterEach(async () => {
    await Promise.all(attackers.splice(0).map((attacker) => attacker.stop()));
    await lab.close();
  });

  /** Measures a good client's answers while `deed` goes on. */
  const whileAsking = async (way: Way, deed: () => Promise<unknown>): Promise<Measured> => {
    const client = new GoodClient(way);
    client.start(20);
    await deed();
    return client.stop();
  };

  it('with 500 malformed requests are turned away, each way in, and none is an error of ours', async () => {
    target = await Target.open(lab);
    await target.submit(target.ways.token);
    const before = target.memory;
    for (const [name, way] of Object.entries(target.ways)) {
      const answers = await attack<Record<string, string>>({ is: 'corpus', way }).ended;
      const wrong = Object.entries(answers).filter(([, status]) => /5(?!03|05)\d\d/.test(status));
      expect(wrong, name).to.deep.equal([]);
      const turnedAway = Object.values(answers).filter((status) => !/2\d\d/.test(status));
      expect(turnedAway, name).to.have.length.of.at.least(500);
      await target.isWhole();
    }
    expect(target.memory - before, 'MB more').to.be.below(150);
    const figures = await target.figures();
    expect(figure(figures, 'rayserver_attempts_started_total')).to.be.at.least(1);
    expect(figure(figures, 'rayserver_store_commit_seconds_count')).to.be.at.least(1);
    expect(figure(figures, 'rayserver_connections', { way: 'tcp' })).to.be.within(1, 100);
    expect(figure(figures, 'process_open_fds')).to.be.within(10, 1000);
  });

  it(`with ${counts.flood} mutated ones neither end nor stall it, and its memory stays`, async () => {
    target = await Target.open(lab);
    const before = target.memory;
    const share = Math.ceil(counts.flood / 3);
    for (const [at, [name, way]] of Object.entries(target.ways).entries()) {
      const measured = await whileAsking(target.ways.token, async () => {
        const flooding = attack<Flooded>({ is: 'flood', way, count: share, seed: seed + at });
        await target.submit(target.ways.token);
        await target.submit(target.ways.local);
        const { sent, answers } = await flooding.ended;
        expect(sent).to.equal(share);
        const wrong = Object.keys(answers).filter((status) => /^5(?!03|05)/.test(status));
        expect(wrong, `${name}: ${JSON.stringify(answers)}`).to.deep.equal([]);
        expect(Object.keys(answers)).to.include('400');
        told(`seed ${seed + at}, ${name}`, answers);
      });
      told(`good client meanwhile, ${Math.round(target.memory)} MB`, { ...measured });
      expect(measured.failures).to.deep.equal([]);
      await target.isWhole();
    }
    expect(target.memory - before, 'MB more').to.be.below(all ? 700 : 250);
  });

  it(`that hold ${counts.slow} slow connections do not keep a good one waiting`, async () => {
    target = await Target.open(lab);
    const before = target.memory;
    const { token, stranger, local } = target.ways;
    const slow = attack<Slow>({
      is: 'hang',
      ways: [token, stranger, token, stranger, token, stranger, token, local],
      count: counts.slow,
    });
    // Those that are cut come again: most of them hang at any time.
    await waitUntil('slow connections', () => (slow.last?.open ?? 0) >= counts.slow * 0.9, { milliseconds: 120_000 });
    for (const way of [token, local]) {
      const measured = await whileAsking(way, async () => {
        await target.submit(way);
        await sleep(counts.seconds * 1000);
      });
      told(`${way === local ? 'socket' : 'TCP'}, ${slow.last?.open} hang, ${Math.round(target.memory)} MB`, measured);
      expect(measured.failures).to.deep.equal([]);
      expect(measured.count).to.be.above(counts.seconds);
    }
    expect(target.memory - before, 'MB more').to.be.below(100 + counts.slow * 0.05);
    await target.isWhole();
  });

  it('that take all connections there are lose them to those who come to ask', async () => {
    const { home } = lab;
    const args = ['--nofile=700:700', join(top, 'bin/rayserver'), '-f', '--home', home, '--port', String(lab.port)];
    const env = { HOME: home, RAYSERVER: undefined, RAYSERVER_HOME: undefined };
    lab.daemon = new Running('prlimit', args, {
      cwd: lab.directory,
      env,
      milliseconds: 300_000,
      ...user,
    });
    await lab.daemon.says(/Rayserver \d+ running\./);
    target = new Target(lab, lab.daemon);
    const { token, stranger, local } = target.ways;
    const slow = attack<Slow>({ is: 'hang', ways: [stranger, stranger, token, local], count: 1200 });
    // More were opened than there is room for: some had to go.
    await waitUntil('more connections than there is room', () => (slow.last?.opened ?? 0) > 1200);
    for (const way of [token, local]) {
      const measured = await whileAsking(way, async () => {
        await target.submit(way);
        await sleep(2000);
      });
      told(`${way === local ? 'socket' : 'TCP'}, ${slow.last?.open} hang`, measured);
      expect(measured.failures).to.deep.equal([]);
    }
    await target.isWhole();
    expect(lab.daemon.stderr).to.match(/no room for more than \d+ connections/);
  });

  it('that leave it without a single descriptor do not make it spin, and it goes on when there are some', async () => {
    target = await Target.open(lab);
    const { token, stranger } = target.ways;
    await target.submit(token);
    // Below what its own bounds reckon with: the kernel refuses to open any more.
    const { status, stderr } = await runCommand('prlimit', ['--pid', String(target.pid), '--nofile=120:120'], user);
    expect(status, stderr).to.equal(0);
    const slow = attack<Slow>({ is: 'hang', ways: [stranger], count: 300 });
    await waitUntil('refused connections', () => (slow.last?.opened ?? 0) > 400);
    const before = target.worked;
    await sleep(2000);
    expect(target.worked - before, 'seconds of work in two').to.be.below(1.8);
    await slow.stop();
    await waitUntil('an answer', () =>
      new GoodClient(token).ask('GET', '/healthz').then(
        ({ status: found }) => found === 200,
        () => false,
      ),
    );
    await target.isWhole();
  });
});
