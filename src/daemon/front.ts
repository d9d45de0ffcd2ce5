import type { Server } from 'node:net';
import { chooseHome, type Home, homeAt } from '../config/home.ts';
import { LogFile } from '../log/file.ts';
import { goesToJournal, noticeJournal, sayOnTerminal } from '../log/terminal.ts';
import { systemAccounts } from '../unix/accounts.ts';
import { giveOwnGroup } from '../unix/control-group.ts';
import { closeStrangersOnExec } from '../unix/descriptors.ts';
import { becomeForGood } from '../unix/drop.ts';
import { adoptEnvironment, environmentOf } from '../unix/environment.ts';
import { resolveWanted, type Wanted } from '../unix/identity.ts';
import { socketDescriptor } from '../unix/native.ts';
import { asOwnerOf } from '../unix/owner.ts';
import {
  type GivenSocket,
  noServiceManager,
  type ServiceManager,
  takeGivenSockets,
  takeServiceManager,
} from '../unix/service-manager.ts';
import { type Configuration, loadConfiguration, shortName } from './configuration.ts';
import {
  asStop,
  checkNatives,
  checkReadable,
  jobPort,
  openNamedPidFile,
  refuseMask,
  refuseRing,
  secondsBetweenTries,
} from './front-checks.ts';
import { interrupted, logOnly, refuse } from './front-log.ts';
import { type Given, readGiven } from './given-sockets.ts';
import type { Handover } from './handover.ts';
import { makeDirectories, makeHomeFor } from './home-directories.ts';
import { becomeProcwrap, becomeServer, goToBackground } from './launch.ts';
import { Manager } from './manager.ts';
import { messages } from './messages.ts';
import { type Options, parseOptions } from './options.ts';
import { removeUnusedPid } from './pid-file.ts';
import { version } from './program.ts';
import { bindPort, listenOn, portOf } from './socket.ts';
import { Stop } from './stop.ts';
import { usage } from './usage.ts';

/** Ports below this one are root's to give. */
const firstFreePort = 1024;

/**
 * The front: reads the command line, becomes the user who was named, binds the port, and becomes the server or starts
 * it in the background. Resolves with the exit status; in the foreground the server takes this process over. Asked for a
 * procwrap it does the same for that, but for the port.
 */
export async function front(args: readonly string[], platform: NodeJS.Platform = process.platform): Promise<number> {
  const manager = takeServiceManager(process.env, process.pid);
  const given = takeGivenSockets(process.env, process.pid);
  noticeJournal(manager.journal);
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
      return Promise.race([interrupted(parsed.options), new Front(parsed.options, manager, given).life()]);
  }
}

class Front {
  readonly #options: Options;
  readonly #manager: ServiceManager;
  readonly #given: readonly GivenSocket[];
  /** Chosen for the caller: for root it is the system's. */
  #home: Home | null = null;
  #host = shortName();
  #pidFile: Handover['pidFile'] = null;

  /** In the background nobody but the front waits for the server: what a service manager wants is for the foreground. */
  constructor(options: Options, manager: ServiceManager, given: readonly GivenSocket[]) {
    this.#options = options;
    this.#manager = options.foreground ? manager : noServiceManager;
    this.#given = options.foreground ? given : [];
  }

  async life(): Promise<number> {
    try {
      return await this.#steps();
    } catch (error) {
      const stop = asStop(error);
      if (this.#pidFile !== null) removeUnusedPid(this.#pidFile);
      if (stop === null) throw error;
      new Manager(this.#manager).failing(stop.message);
      return refuse(stop, this.#home?.path ?? this.#options.home, this.#host);
    }
  }

  /** In the order of the daemon's specification. */
  async #steps(): Promise<number> {
    const options = this.#options;
    closeStrangersOnExec();
    refuseRing(options);
    refuseMask(options);
    checkNatives();
    const home = this.#chooseHome();
    // By a link of their owner, root would read another file, and quote it in the log.
    const configuration = asOwnerOf([home.path, home.config], () => loadConfiguration(home));
    this.#host = configuration.host;
    return options.part === 'procwrap' ? this.#control(home) : this.#serve(home, configuration);
  }

  /** As far as this goes the order is that of {@link #serve}. */
  #control(home: Home): never {
    const wanted = this.#resolve();
    if (process.getuid?.() === 0) giveOwnGroup(wanted.identity.uid, wanted.identity.gid);
    this.#enter(wanted, home);
    becomeProcwrap(this.#host, home.path, this.#manager);
  }

  async #serve(home: Home, configuration: Configuration): Promise<number> {
    const options = this.#options;
    const given = readGiven(this.#given, options.port);
    const { address, port } = jobPort(options, configuration);
    const wanted = this.#resolve();
    this.#pidFile = openNamedPidFile(options.pidFile);
    const isEarly = given.http === null && port !== 0 && port < firstFreePort;
    const early = isEarly ? await this.#bind(address, port) : null;
    this.#enter(wanted, home);
    if (given.http !== null) return becomeServer(this.#handover(home, given, given.http));
    const server = early ?? (await this.#bind(address, port));
    const handover = this.#handover(home, given, { fd: socketDescriptor(server), port: portOf(server) });
    if (options.foreground) return becomeServer(handover);
    const log = new LogFile(home.logs, configuration.host);
    const status = await goToBackground(handover, { log, server });
    if (status !== 0 && this.#pidFile !== null) removeUnusedPid(this.#pidFile);
    return status;
  }

  #handover(home: Home, { submit }: Given, http: NonNullable<Given['http']>): Handover {
    return {
      mode: this.#options.foreground ? 'foreground' : 'daemon',
      home: home.path,
      host: this.#host,
      startsProcwrap: this.#options.part === 'server',
      procwrap: null,
      listen: http.fd,
      submit,
      port: http.port,
      ready: null,
      pidFile: this.#pidFile,
      manager: this.#manager,
      errors: [],
    };
  }

  #chooseHome(): Home {
    const path = chooseHome({ option: this.#options.home, env: process.env, uid: process.getuid?.() ?? -1 });
    this.#home = homeAt(path);
    return this.#home;
  }

  #resolve(): Wanted {
    const caller = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const wanted = resolveWanted(this.#options, caller, systemAccounts);
    if (wanted.identity.uid === 0) throw new Stop(messages.asRoot);
    if (wanted.changesUser) checkReadable(wanted.identity);
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

  /** Becomes the user, and makes what is missing in his home. */
  #enter(wanted: Wanted, home: Home): void {
    this.#switch(wanted, home);
    process.umask(this.#options.mask);
    makeDirectories(wanted.identity, home);
  }

  /** Changes user and group, and says so. What is printed is true: it is said afterwards. */
  #switch(wanted: Wanted, home: Home): void {
    const { identity, changesUser, changesGroup } = wanted;
    const { user, group } = this.#options;
    if (changesUser && process.getuid?.() === 0) makeHomeFor(identity, home);
    becomeForGood(wanted);
    if (changesUser) adoptEnvironment(environmentOf(identity, process.env));
    // The server says it, too, and what it says is in the journal as well.
    if (goesToJournal(1)) return;
    if (user !== null) sayOnTerminal(1, messages.runningAsUser(identity.user, identity.uid));
    if (group !== null || changesGroup) sayOnTerminal(1, messages.runningAsGroup(identity.group, identity.gid));
  }
}
