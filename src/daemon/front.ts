import type { Server } from 'node:net';
import { join, resolve } from 'node:path';
import { ConfigError } from '../config/error.ts';
import { chooseHome, type Home, homeAt } from '../config/home.ts';
import { LogFile } from '../log/file.ts';
import { openLog, sayOnTerminal, type Tell } from '../log/log.ts';
import { type Accounts, systemAccounts } from '../unix/accounts.ts';
import { closeStrangersOnExec } from '../unix/descriptors.ts';
import { makeWithParents } from '../unix/directories.ts';
import { becomeForGood, NoRight } from '../unix/drop.ts';
import { adoptEnvironment, environmentOf } from '../unix/environment.ts';
import { type Identity, NotFound, resolveWanted, type Wanted } from '../unix/identity.ts';
import { socketDescriptor } from '../unix/native.ts';
import { firstUnreadable, withEyesOf } from '../unix/readable.ts';
import { type Configuration, loadConfiguration, shortName } from './configuration.ts';
import type { Handover } from './handover.ts';
import { makeDirectories, makeHomeFor } from './home-directories.ts';
import { becomeServer, goToBackground } from './launch.ts';
import { messages } from './messages.ts';
import { checkAddress, type Options, parseOptions } from './options.ts';
import { openPidFile } from './pid-file.ts';
import { scripts, top, version } from './program.ts';
import { watchSignals } from './signals.ts';
import { bindPort, listenOn, portOf, retrySeconds } from './socket.ts';
import { Stop } from './stop.ts';
import { usage } from './usage.ts';

/** Ports below this one are root's to give. */
const firstFreePort = 1024;

/**
 * The front: reads the command line, becomes the user who was named, binds the port, and becomes the server or starts
 * it in the background. Resolves with the exit status; in the foreground the server takes this process over.
 */
export async function front(args: readonly string[], platform: NodeJS.Platform = process.platform): Promise<number> {
  const parsed = parseOptions(args, platform);
  switch (parsed.is) {
    case 'help':
      sayOnTerminal(1, usage.trimEnd());
      return 0;
    case 'version':
      sayOnTerminal(1, `rayserver ${version()}`);
      return 0;
    case 'wrong':
      return refuse(new Stop(parsed.message, { logged: parsed.logged }), parsed.home);
    case 'run':
      return Promise.race([interrupted(parsed.options), new Front(parsed.options).life()]);
  }
}

/** A signal that ends the program before it serves. */
function interrupted(options: Options): Promise<number> {
  return new Promise((end) => {
    watchSignals(({ message, status }) => {
      sayOnTerminal(1, message);
      logOnly(options.home)('info', message);
      end(status);
    });
  });
}

function refuse(stop: Stop, home: string | null, host = shortName()): number {
  sayOnTerminal(2, stop.message);
  if (stop.logged) for (const line of stop.message.split('\n')) logOnly(home, host)('error', line);
  return 1;
}

/** The log, as far as the caller may write there. Root makes no home on the way: it does not know yet for whom. */
function logOnly(option: string | null, host = shortName()): Tell {
  try {
    const uid = process.getuid?.() ?? -1;
    const { logs } = homeAt(chooseHome({ option, env: process.env, uid }));
    if (uid !== 0) makeWithParents(logs, 0o755);
    return openLog({ file: new LogFile(logs, host), program: 'rayserver', terminal: false }).note;
  } catch {
    return () => undefined;
  }
}

class Front {
  readonly #options: Options;
  readonly #accounts: Accounts = systemAccounts;
  /** Chosen for the caller: for root it is the system's. */
  #home: Home | null = null;
  #host = shortName();

  constructor(options: Options) {
    this.#options = options;
  }

  async life(): Promise<number> {
    try {
      return await this.#steps();
    } catch (error) {
      const stop = asStop(error);
      if (stop === null) throw error;
      return refuse(stop, this.#home?.path ?? this.#options.home, this.#host);
    }
  }

  /** In the order of the daemon's specification. */
  async #steps(): Promise<number> {
    const options = this.#options;
    closeStrangersOnExec();
    refuseRing(options);
    const home = this.#chooseHome();
    const configuration = loadConfiguration(home);
    this.#host = configuration.host;
    const { address, port } = jobPort(options, configuration);
    const wanted = this.#resolve();
    if (wanted.changesUser) checkReadable(wanted.identity);
    const pidFile = openNamedPidFile(options.pidFile);
    const early = port !== 0 && port < firstFreePort ? await this.#bind(address, port) : null;
    this.#switch(wanted, home);
    process.umask(options.mask);
    makeDirectories(wanted.identity, home);
    const server = early ?? (await this.#bind(address, port));
    const handover: Handover = {
      mode: options.foreground ? 'foreground' : 'daemon',
      home: home.path,
      host: configuration.host,
      listen: socketDescriptor(server),
      port: portOf(server),
      ready: null,
      pidFile,
      errors: [],
    };
    if (options.foreground) return becomeServer(handover);
    const log = new LogFile(home.logs, configuration.host);
    return goToBackground(handover, { log, server });
  }

  #chooseHome(): Home {
    const path = chooseHome({ option: this.#options.home, env: process.env, uid: process.getuid?.() ?? -1 });
    this.#home = homeAt(path);
    return this.#home;
  }

  #resolve(): Wanted {
    const caller = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const wanted = resolveWanted(this.#options, caller, this.#accounts);
    if (wanted.identity.uid === 0) throw new Stop(messages.asRoot);
    return wanted;
  }

  #bind(address: string, port: number): Promise<Server> {
    const complain = (line: string): void => {
      sayOnTerminal(2, line);
      logOnly(this.#home?.path ?? null, this.#host)('error', line);
    };
    const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
    return bindPort({ address, port, complain, pause, retrySeconds: secondsBetweenTries(), listen: listenOn });
  }

  /** Changes user and group, and says so. What is printed is true: it is said afterwards. */
  #switch(wanted: Wanted, home: Home): void {
    const { identity, changesUser, changesGroup } = wanted;
    const { user, group } = this.#options;
    if (changesUser && process.getuid?.() === 0) makeHomeFor(identity, home);
    becomeForGood(wanted);
    if (changesUser) adoptEnvironment(environmentOf(identity, process.env));
    if (user !== null) sayOnTerminal(1, messages.runningAsUser(identity.user, identity.uid));
    if (group !== null || changesGroup) sayOnTerminal(1, messages.runningAsGroup(identity.group, identity.gid));
  }
}

/** With the caller's rights: /run is root's. The daemon works in another directory, so the path is made absolute. */
function openNamedPidFile(name: string | null): Handover['pidFile'] {
  if (name === null) return null;
  const path = resolve(name);
  return { path, fd: openPidFile(path) };
}

/** While a process of ours may use the ring, a change of user does not reach all that it does (libuv). */
function refuseRing(options: Options): void {
  if (process.env['UV_USE_IO_URING'] === undefined || (options.user === null && options.group === null)) return;
  throw new Stop(messages.ringSet, { logged: false });
}

function jobPort(options: Options, { settings }: Configuration): { address: string; port: number } {
  const address = options.listen ?? settings.listen;
  const fault = checkAddress(address);
  if (fault !== null) throw new Stop(fault);
  return { address, port: options.port ?? settings.port };
}

/** A program below root's home cannot be read after the switch: better said now than by a stack trace then. */
function checkReadable(identity: Identity): void {
  const needed = [process.execPath, scripts.server, join(top, 'package.json'), join(top, 'node_modules')];
  const closed = withEyesOf(identity, () => needed.map(firstUnreadable).find((path) => path !== null)) ?? null;
  if (closed !== null) throw new Stop(messages.unreadable(identity.user, closed));
}

/** RAYSERVER_RETRY_SECONDS is for tests of the daemon, which have no minute to wait. */
function secondsBetweenTries(): number {
  const seconds = Number(process.env['RAYSERVER_RETRY_SECONDS'] ?? retrySeconds);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : retrySeconds;
}

/** Troubles that a person can mend; null: an error of ours. */
function asStop(error: unknown): Stop | null {
  if (error instanceof Stop) return error;
  const isForPeople = error instanceof ConfigError || error instanceof NotFound || error instanceof NoRight;
  return isForPeople ? new Stop(error.message, { logged: true, cause: error }) : null;
}
