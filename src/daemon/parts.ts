import { existsSync, lstatSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Home } from '../config/home.ts';
import type { LogFile } from '../log/file.ts';
import type { Tell } from '../log/log.ts';
import { openFarm, type RunningFarm } from '../server/farm.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { systemAccounts } from '../unix/accounts.ts';
import { identityOf } from '../unix/identity.ts';
import { openFileLimit } from '../unix/limits.ts';
import { peerCredentials, socketDescriptor } from '../unix/native.ts';
import type { Configuration, Hosts } from './configuration.ts';
import type { Handover } from './handover.ts';
import { messages } from './messages.ts';
import { version } from './program.ts';
import { procwrapStarter } from './start-procwrap.ts';
import { statusLines } from './status.ts';
import { Stop } from './stop.ts';
import { farmToken } from './token.ts';

/** Something that was opened and is closed at the end. */
export interface Part {
  close(): Promise<void>;
}

export interface PartsOptions {
  readonly home: Home;
  readonly configuration: Configuration;
  readonly hosts: Hosts;
  readonly handover: Handover;
  readonly logFile: LogFile;
  readonly log: Tell;
  /** Called with each part as soon as it is open. */
  readonly opened: (part: Part) => void;
  /** Called after everything that happens in the farm. */
  readonly changed: () => void;
}

/** What the service manager is told of. */
export interface Vital {
  /** How the farm stands, in a few words. */
  readonly line: () => string;
  /** Settles when the store has answered. */
  readonly check: () => Promise<unknown>;
}

/** Opens what the server consists of: token, store, farm, job port. */
export async function openParts(options: PartsOptions): Promise<Vital> {
  const { home, configuration, hosts, handover, logFile, log, opened } = options;
  const identity = identityOf(process.getuid?.() ?? 0, process.getgid?.() ?? 0, systemAccounts);
  log('info', messages.runningAsUser(identity.user, identity.uid));
  log('info', messages.runningAsGroup(identity.group, identity.gid));
  for (const socket of [home.procwrapSocket, home.submitSocket]) refuseInTheWay(socket);
  const start = handover.startsProcwrap ? starterFor(options) : null;
  // Where there is no socket nobody serves the home: procwrap starts while this process loads the rest.
  if (!existsSync(home.procwrapSocket)) start?.();
  const { openPort } = await import('../web/port.ts');
  const { Metrics } = await import('../web/metrics.ts');
  const token = farmToken(home);
  const metrics = new Metrics();
  const store = await openSqliteStore(home.stateFile);
  const farm = await openFarm({
    meters: metrics,
    home,
    hosts,
    identity,
    log,
    host: configuration.host,
    port: handover.port,
    slots: configuration.slots,
    settings: configuration.settings,
    version: version(),
    store,
    startProcwrap: start,
    changed: options.changed,
    now: Date.now,
  });
  opened(farm);
  const port = await openPort({
    farm,
    metrics,
    token,
    version: version(),
    port: handover.port,
    tcp: { fd: handover.listen },
    socket: handover.submit === null ? { path: home.submitSocket } : { fd: handover.submit },
    openFiles: openFileLimit(),
    identify: peerOf,
    logFile: logFile.path,
    log,
  });
  opened(port);
  return { line: () => lineOf(farm.standing()), check: () => store.job(0) };
}

function lineOf({ running, waiting, isConnected }: ReturnType<RunningFarm['standing']>): string {
  const line = statusLines.standing(running, waiting);
  return isConnected ? line : statusLines.withoutProcwrap(line);
}

/** Said at once: procwrap could only say it in the log, and the daemon would wait for it. */
function refuseInTheWay(socket: string): void {
  const found = lstatSync(socket, { throwIfNoEntry: false });
  if (found && !found.isSocket()) throw new Stop(messages.inTheWay(socket));
}

function starterFor({ home, configuration, handover, logFile, log }: PartsOptions): () => void {
  return procwrapStarter({ host: configuration.host, home, logFile }, handover.procwrap, log);
}

/** Who is at the other end of the Unix socket; the kernel says so. */
function peerOf(socket: Socket): { user: string; uid: number } | null {
  try {
    const { uid } = peerCredentials(socketDescriptor(socket));
    return { user: systemAccounts.user(uid)?.name ?? String(uid), uid };
  } catch {
    return null;
  }
}
