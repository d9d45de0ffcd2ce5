import type { Home } from '../config/home.ts';
import type { HostsFile } from '../config/hosts.ts';
import type { Settings } from '../config/settings.ts';
import type { Store } from '../store/store.ts';
import type { Identity } from '../unix/identity.ts';
import type { Meters } from '../web/farm.ts';

export type Log = (level: 'info' | 'warn' | 'error', text: string) => void;

/** What a running farm stands on. Times are milliseconds since 1970. */
export interface FarmOptions {
  readonly home: Home;
  /** This host's name as in the hosts file, else its short name. */
  readonly host: string;
  readonly slots: number;
  /** The TCP port of the job port. */
  readonly port: number;
  readonly hosts: {
    /** Null: no hosts file, this machine only. */
    current(): HostsFile | null;
    /** Reads the file again; keeps the old one, and says so in the log, if it is damaged. */
    reload(): HostsFile | null;
  };
  readonly settings: Settings;
  readonly identity: Identity;
  readonly version: string;
  readonly store: Store;
  /** Starts a procwrap in a session of its own; called when none answers. Null: somebody else keeps one. */
  readonly startProcwrap: (() => void) | null;
  /** Called after everything that happens. */
  readonly changed: () => void;
  readonly now: () => number;
  readonly log: Log;
  readonly meters: Meters;
}
