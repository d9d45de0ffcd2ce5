import { type Home, homeAt } from '../config/home.ts';
import { LogFile } from '../log/file.ts';
import { type Log, openLog, type Tell } from '../log/log.ts';
import { noticeJournal, sayOnTerminal } from '../log/terminal.ts';
import { StoreError } from '../store/error.ts';
import { closeOnExec, redirect } from '../unix/descriptors.ts';
import { makeUndumpable } from '../unix/native.ts';
import { forgetNodeOptions } from '../unix/node-options.ts';
import { warnSyslog } from '../unix/syslog.ts';
import { type Configuration, Hosts, loadConfiguration } from './configuration.ts';
import { type Handover, takeHandover } from './handover.ts';
import { becomeServer } from './launch.ts';
import { Manager } from './manager.ts';
import { messages } from './messages.ts';
import { openParts, type Part, type Vital } from './parts.ts';
import { holdHome, removePid, removeUnusedPid, writePid } from './pid-file.ts';
import { tellFront } from './ready.ts';
import { mayRestart, rowOf, waitBeforeServing } from './restarts.ts';
import { type Ending, watchSignals } from './signals.ts';
import { statusLines } from './status.ts';
import { Stop } from './stop.ts';

/** How long the parts may take to end in good order; what is acknowledged is on disk before. */
const closeMilliseconds = 10_000;

/** The server process, from its first line to its exit status. */
export async function serve(environment: Record<string, string | undefined>): Promise<number> {
  const handover = takeHandover(environment);
  forgetNodeOptions(environment);
  if (handover === null) {
    sayOnTerminal(2, messages.notByHand);
    return 1;
  }
  // A procwrap that had them would keep the port when the server is gone.
  const { listen, submit, ready, pidFile } = handover;
  for (const fd of [listen, submit, ready, pidFile?.fd]) if (typeof fd === 'number') closeOnExec(fd);
  noticeJournal(handover.manager.journal);
  return new Server(handover).life();
}

/** The identity in the manual's `<render_server  at 8116040>`: any hexadecimal number of this process. */
function channelIdentity(): string {
  return (0x8000000 + process.pid * 64).toString(16);
}

class Server {
  readonly #handover: Handover;
  readonly #home: Home;
  readonly #file: LogFile;
  readonly #log: Log;
  readonly #manager: Manager;
  readonly #ended: Promise<Ending>;
  #end: (ending: Ending) => void = () => undefined;
  #ending: Ending | null = null;
  #hurry: () => void = () => undefined;
  #serves = false;
  #hosts: Hosts | null = null;
  #vital: Vital | null = null;
  #parts: Part[] = [];
  #homePid: number | null = null;

  constructor(handover: Handover) {
    this.#handover = handover;
    this.#home = homeAt(handover.home);
    const inBackground = handover.mode === 'daemon';
    this.#file = new LogFile(this.#home.logs, handover.host, {
      // What Node itself has to say at its worst moments goes to standard error.
      opened: (fd) => (inBackground ? redirect(fd, 2) : undefined),
      trouble: (reason) => {
        const text = messages.logNotWritable(this.#file.path, reason);
        if (inBackground) warnSyslog(text);
        else sayOnTerminal(2, `Warning: ${text}`, 'warn');
      },
    });
    this.#log = openLog({ file: this.#file, program: 'rayserver', terminal: !inBackground });
    this.#manager = new Manager(handover.manager);
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async life(): Promise<number> {
    this.#file.reopen();
    this.#watch();
    this.#manager.watch({
      check: async () => this.#vital?.check(),
      trouble: (error) => this.#log.tell('error', messages.noSignOfLife(String(error))),
    });
    const start = this.#start();
    try {
      await Promise.race([start, this.#ended]);
    } catch (error) {
      this.#startFailed(error);
    }
    // A signal may have come first; what the start then says is of no interest.
    start.catch(() => undefined);
    const { status } = await this.#ended;
    await this.#close();
    return status;
  }

  #watch(): void {
    process.removeAllListeners('warning');
    process.on('warning', (warning) => this.#log.note('warn', `${warning.name}: ${warning.message}`));
    process.on('uncaughtException', (error) => this.#internalError(error));
    watchSignals(
      (ending) => this.#leave(ending),
      () => this.#hangUp(),
    );
    try {
      makeUndumpable();
    } catch (error) {
      this.#log.note('warn', `other processes of this user can look into the server: ${String(error)}`);
    }
  }

  async #start(): Promise<void> {
    const wait = waitBeforeServing(this.#handover.errors, Date.now());
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    const configuration = loadConfiguration(this.#home);
    this.#hosts = new Hosts(this.#home.hostsFile, configuration, this.#log.note);
    this.#homePid = holdHome(this.#home, (text) => this.#log.tell('warn', text));
    this.#vital = await openParts({
      home: this.#home,
      configuration,
      hosts: this.#hosts,
      handover: this.#handover,
      logFile: this.#file,
      log: (level, text) => this.#tellOnceServing(level, text),
      opened: (part) => this.#parts.push(part),
      changed: () => this.#manager.changed(),
    });
    if (this.#ending === null) this.#ready(configuration);
  }

  /** In the foreground the manual's four lines come first; what was to say before is in the file. */
  #tellOnceServing: Tell = (level, text) => {
    if (this.#serves || level !== 'info') this.#log.tell(level, text);
    else this.#log.note(level, text);
  };

  #ready(configuration: Configuration): void {
    const { port, pidFile, mode } = this.#handover;
    const mask = process.umask().toString(8).padStart(3, '0');
    const { note, tell } = this.#log;
    note('info', `home ${this.#home.path}, host ${configuration.host}, ${configuration.slots} slots, umask ${mask}`);
    if (this.#homePid !== null) writePid(this.#homePid);
    if (pidFile !== null) writePid(pidFile.fd);
    tell('info', messages.channel(channelIdentity()));
    tell('info', messages.started(port));
    if (mode === 'foreground') sayOnTerminal(1, '');
    tell('info', messages.running(process.pid));
    this.#serves = true;
    if (this.#vital !== null) this.#manager.ready(this.#vital.line);
    if (!tellFront(this.#handover.ready, { ready: process.pid })) {
      this.#leave({ message: 'Nobody waits for this daemon any more.', status: 1 });
    }
  }

  #startFailed(error: unknown): void {
    const stop = error instanceof Stop;
    if (!stop && this.#handover.errors.length > 0) {
      this.#internalError(error);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.#log.tell('error', message);
    const isForPeople = stop || error instanceof StoreError;
    if (!isForPeople) for (const line of stackOf(error)) this.#log.note('error', line);
    tellFront(this.#handover.ready, { failed: message });
    this.#manager.failing(message);
    this.#ending ??= { message, status: 1 };
    this.#end(this.#ending);
  }

  /** The first call decides; a second signal does not wait for anything any more. */
  #leave(ending: Ending): void {
    if (this.#ending !== null) {
      this.#hurry();
      return;
    }
    this.#ending = ending;
    this.#manager.stopping(statusLines.leaving);
    this.#log.tell('info', ending.message);
    this.#end(ending);
  }

  #hangUp(): void {
    this.#manager.reloading();
    this.#file.reopen();
    this.#log.tell('info', 'caught signal 1: log opened again, hosts file read again');
    this.#hosts?.reload();
    this.#manager.reloaded();
  }

  /** Starts over in clean memory, as the same process with the same listening socket; simulations go on meanwhile. */
  #internalError(error: unknown): void {
    if (this.#ending !== null) {
      for (const line of stackOf(error)) this.#log.note('error', line);
      return;
    }
    if (!this.#serves && this.#handover.errors.length === 0) {
      this.#startFailed(error);
      return;
    }
    const errors = rowOf([...this.#handover.errors, Date.now()]);
    const again = mayRestart(errors);
    this.#log.tell('error', again ? messages.internalError(process.pid) : messages.lastInternalError(process.pid));
    for (const line of stackOf(error)) this.#log.tell('error', line);
    if (again) {
      try {
        becomeServer({ ...this.#handover, procwrap: null, ready: null, errors });
      } catch (fault) {
        this.#log.tell('error', String(fault));
      }
    }
    this.#leave({ message: messages.systemExit, status: 1 });
  }

  async #close(): Promise<void> {
    const hurried = new Promise<void>((done) => {
      this.#hurry = done;
    });
    const enough = new Promise<void>((done) => setTimeout(done, closeMilliseconds));
    await Promise.race([this.#closeParts(), hurried, enough]);
    const { pidFile } = this.#handover;
    if (this.#homePid !== null) removePid(this.#home.pidFile, this.#homePid);
    if (pidFile !== null && this.#serves) removePid(pidFile.path, pidFile.fd);
    else if (pidFile !== null) removeUnusedPid(pidFile);
    this.#file.close();
  }

  /** What was opened last first: nobody comes in any more when the farm ends. */
  async #closeParts(): Promise<void> {
    for (const part of this.#parts.reverse()) {
      try {
        await part.close();
      } catch (error) {
        this.#log.note('error', String(error));
      }
    }
  }
}

function stackOf(error: unknown): string[] {
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n');
}
