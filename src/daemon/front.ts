import type { Server } from 'node:net';
import { chooseHome, type Home, homeAt } from '../config/home.ts';
import { LogFile } from '../log/file.ts';
import { sayOnTerminal } from '../log/log.ts';
import { systemAccounts } from '../unix/accounts.ts';
import { closeStrangersOnExec } from '../unix/descriptors.ts';
import { becomeForGood } from '../unix/drop.ts';
import { adoptEnvironment, environmentOf } from '../unix/environment.ts';
import { resolveWanted, type Wanted } from '../unix/identity.ts';
import { socketDescriptor } from '../unix/native.ts';
import { loadConfiguration, shortName } from './configuration.ts';
import {
  asStop,
  checkReadable,
  jobPort,
  openNamedPidFile,
  refuseMask,
  refuseRing,
  secondsBetweenTries,
} from './front-checks.ts';
import { interrupted, logOnly, refuse } from './front-log.ts';
import type { Handover } from './handover.ts';
import { makeDirectories, makeHomeFor } from './home-directories.ts';
import { becomeServer, goToBackground } from './launch.ts';
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

class Front {
  readonly #options: Options;
  /** Chosen for the caller: for root it is the system's. */
  #home: Home | null = null;
  #host = shortName();
  #pidFile: Handover['pidFile'] = null;

  constructor(options: Options) {
    this.#options = options;
  }

  async life(): Promise<number> {
    try {
      return await this.#steps();
    } catch (error) {
      const stop = asStop(error);
      if (this.#pidFile !== null) removeUnusedPid(this.#pidFile);
      if (stop === null) throw error;
      return refuse(stop, this.#home?.path ?? this.#options.home, this.#host);
    }
  }

  /** In the order of the daemon's specification. */
  async #steps(): Promise<number> {
    const options = this.#options;
    closeStrangersOnExec();
    refuseRing(options);
    refuseMask(options);
    const home = this.#chooseHome();
    const configuration = loadConfiguration(home);
    this.#host = configuration.host;
    const { address, port } = jobPort(options, configuration);
    const wanted = this.#resolve();
    if (wanted.changesUser) checkReadable(wanted.identity);
    this.#pidFile = openNamedPidFile(options.pidFile);
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
      pidFile: this.#pidFile,
      errors: [],
    };
    if (options.foreground) return becomeServer(handover);
    const log = new LogFile(home.logs, configuration.host);
    const status = await goToBackground(handover, { log, server });
    if (status !== 0 && this.#pidFile !== null) removeUnusedPid(this.#pidFile);
    return status;
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
