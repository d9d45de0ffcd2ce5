import { availableParallelism, hostname } from 'node:os';
import { ConfigError } from '../config/error.ts';
import { loadHosts, loadSettings } from '../config/files.ts';
import type { Home } from '../config/home.ts';
import { findRecord, type HostsFile } from '../config/hosts.ts';
import type { Settings } from '../config/settings.ts';
import type { Tell } from '../log/log.ts';
import { messages } from './messages.ts';
import { Stop } from './stop.ts';

export interface Configuration {
  readonly settings: Settings;
  /** Null: no hosts file, this machine only. */
  readonly hosts: HostsFile | null;
  /** This host's name as in the hosts file, else its short name. */
  readonly host: string;
  /** Simulations at a time. */
  readonly slots: number;
}

/** This machine's name without its domain. */
export function shortName(): string {
  return hostname().split('.')[0] || 'localhost';
}

/** Settings and hosts of this home, and this host's own record. @throws Stop */
export function loadConfiguration(home: Home): Configuration {
  try {
    const settings = loadSettings(home.settingsFile);
    const hosts = loadHosts(home.hostsFile);
    return { settings, hosts, ...ownPart(hosts, settings) };
  } catch (error) {
    throw error instanceof ConfigError ? new Stop(error.message, { logged: true, cause: error }) : error;
  }
}

/** @throws Stop if there is a hosts file that does not let this host serve */
function ownPart(hosts: HostsFile | null, settings: Settings): { host: string; slots: number } {
  const otherwise = settings.slots ?? availableParallelism();
  if (hosts === null) return { host: shortName(), slots: otherwise };
  const record = findRecord(hosts, hostname());
  if (record === null) throw new Stop(messages.noRecord(shortName(), hosts.path));
  if (record.cpus === 0) throw new Stop(messages.clientOnly(record.name, hosts.path));
  return { host: record.name, slots: record.cpus };
}

/** The hosts file as the running daemon knows it. */
export class Hosts {
  #current: HostsFile | null;
  readonly #file: string;
  readonly #settings: Settings;
  readonly #log: Tell;

  constructor(file: string, configuration: Configuration, log: Tell) {
    this.#file = file;
    this.#settings = configuration.settings;
    this.#current = configuration.hosts;
    this.#log = log;
    this.#warn();
  }

  current(): HostsFile | null {
    return this.#current;
  }

  /** Reads the file again; one that is damaged or has lost this host changes nothing. */
  reload(): HostsFile | null {
    try {
      const hosts = loadHosts(this.#file);
      ownPart(hosts, this.#settings);
      this.#current = hosts;
      this.#log(
        'info',
        hosts === null ? `no hosts file ${this.#file}: this host only` : `hosts file ${this.#file} read`,
      );
      this.#warn();
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof Stop)) throw error;
      this.#log('error', `${error.message} The hosts known before stay in force.`);
    }
    return this.#current;
  }

  #warn(): void {
    for (const warning of this.#current?.warnings ?? []) this.#log('warn', warning);
  }
}
