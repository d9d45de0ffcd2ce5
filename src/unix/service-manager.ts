import type { Environment } from './environment.ts';

/** What a service manager such as systemd leaves in the environment of a program that it starts. */
export interface ServiceManager {
  /** Where it wants to hear of us (sd_notify(3)): a path, or after `@` an abstract name; null: nowhere. */
  readonly notify: string | null;
  /** The longest time between two signs of life that it bears, microseconds; null: it does not watch. */
  readonly watchdog: number | null;
  /** Device and inode of the stream to the journal, `8:1234`; null: there is none. */
  readonly journal: string | null;
}

/** A socket that it has bound for us (sd_listen_fds(3)). */
export interface GivenSocket {
  readonly name: string;
  readonly fd: number;
}

export const noServiceManager: ServiceManager = { notify: null, watchdog: null, journal: null };

/** The first descriptor that is handed over. */
const firstGiven = 3;
/** More than anybody hands over; a larger number is a slip. */
const mostGiven = 64;

/**
 * Takes it out of the environment, so that no program that we start believes that it is meant.
 * @param pid - ours; what names another process is not for us
 */
export function takeServiceManager(environment: Record<string, string | undefined>, pid: number): ServiceManager {
  const take = (name: string): string | null => {
    const value = environment[name];
    delete environment[name];
    return value || null;
  };
  const notify = take('NOTIFY_SOCKET');
  const watchdog = Number(take('WATCHDOG_USEC') ?? Number.NaN);
  const isWatched = (take('WATCHDOG_PID') ?? String(pid)) === String(pid);
  return {
    notify: notify !== null && /^[/@]./.test(notify) ? notify : null,
    watchdog: isWatched && Number.isSafeInteger(watchdog) && watchdog > 0 ? watchdog : null,
    journal: take('JOURNAL_STREAM'),
  };
}

/** The environment with these words in it again, for a program that takes over this very process. */
export function withServiceManager<Given extends Environment>(environment: Given, manager: ServiceManager): Given {
  const { notify, watchdog, journal } = manager;
  return {
    ...environment,
    ...(notify === null ? {} : { NOTIFY_SOCKET: notify }),
    ...(watchdog === null ? {} : { WATCHDOG_USEC: String(watchdog) }),
    ...(journal === null ? {} : { JOURNAL_STREAM: journal }),
  };
}

/** Takes the list of given sockets out of the environment; one without a name is called `unknown`. */
export function takeGivenSockets(environment: Record<string, string | undefined>, pid: number): GivenSocket[] {
  const { LISTEN_FDS: count, LISTEN_PID: whose, LISTEN_FDNAMES: names } = environment;
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete environment[name];
  if (whose !== String(pid) || !/^[0-9]{1,3}$/.test(count ?? '') || Number(count) > mostGiven) return [];
  const named = (names ?? '').split(':');
  return Array.from({ length: Number(count) }, (_, at) => ({ name: named[at] || 'unknown', fd: firstGiven + at }));
}
