import { dirname, resolve } from 'node:path';
import { ConfigError, shown } from './error.ts';
import { type Line, readLines, type Word } from './words.ts';

/** The hosts file (specs/rayserver.md, section 6): who is who, and where each host sees each location. */
export interface HostsFile {
  readonly path: string;
  /** One per host, in the order of the file. */
  readonly hosts: readonly HostRecord[];
  readonly libraries: readonly string[];
  /** All files read, this one first. */
  readonly files: readonly string[];
  /** One sentence each, for the log. */
  readonly warnings: readonly string[];
}

export interface HostRecord {
  readonly name: string;
  /** Simulations at a time; 0: the host only submits. */
  readonly cpus: number;
  readonly locations: readonly Location[];
  readonly file: string;
  readonly line: number;
}

/** A shared volume, and where this host sees it: an absolute path, perhaps a Windows one (`P:\proj`). */
export interface Location {
  readonly name: string;
  readonly path: string;
}

/** Includes within includes, and files in all: more is taken for a mistake. */
const deepest = 8;
const mostFiles = 256;
const mostCpus = 1024;

/**
 * Reads a hosts file and all that it includes.
 * @param read gives the text of a file, or throws an error whose message says why not
 * @throws ConfigError `FILE:LINE: what was expected`
 */
export function readHosts(file: string, read: (path: string) => string): HostsFile {
  const reader = new Reader(read);
  const path = resolve(file);
  reader.readFile(path, [path]);
  return { path, hosts: [...reader.hosts.values()], ...reader.rest };
}

/**
 * The record of the host with one of these names, short or full; where both a full and a short name have one, the
 * full name's.
 */
export function findRecord(hosts: HostsFile, names: string | readonly string[]): HostRecord | null {
  const full = [names].flat().map((name) => name.toLowerCase().replace(/\.$/, ''));
  const all = [...full, ...full.map((name) => name.replace(/\..*/, ''))];
  const wanted = all.sort((one, other) => other.split('.').length - one.split('.').length);
  for (const name of wanted) {
    const record = hosts.hosts.find((host) => host.name.toLowerCase() === name);
    if (record) return record;
  }
  return null;
}

class Reader {
  /** By name in lower case. */
  readonly hosts = new Map<string, HostRecord>();
  readonly rest = { libraries: [] as string[], files: [] as string[], warnings: [] as string[] };
  readonly #read: (path: string) => string;

  constructor(read: (path: string) => string) {
    this.#read = read;
  }

  /** @param trail the file itself and the files that include it, outermost first */
  readFile(file: string, trail: readonly string[]): void {
    this.rest.files.push(file);
    for (const line of readLines(this.#read(file), file)) {
      const [first] = line.words;
      if (first?.text === '__include__') this.#include(line, trail);
      else if (first?.text === '__library__') this.rest.libraries.push(libraryOf(line, file));
      else this.#keep(recordOf(line, file));
    }
  }

  #include(line: Line, trail: readonly string[]): void {
    const file = trail.at(-1) ?? '';
    const wrong = (sentence: string) => new ConfigError(file, line.line, sentence);
    const path = resolve(dirname(file), argumentOf(line, file, 'the path of a hosts file'));
    if (trail.includes(path)) throw wrong(`expected no loop, but ${shown(path)} includes itself.`);
    if (trail.length > deepest) throw wrong(`expected includes at most ${deepest} deep.`);
    if (this.rest.files.length >= mostFiles) throw wrong(`expected at most ${mostFiles} included files.`);
    try {
      this.readFile(path, [...trail, path]);
    } catch (error) {
      // An error inside the other file names its own place; one that keeps it from being read belongs here.
      if (error instanceof ConfigError && error.line !== null) throw error;
      const why = error instanceof ConfigError ? error.sentence : (error as Error).message;
      throw wrong(`cannot include ${shown(path)}: ${why}`);
    }
  }

  #keep(record: HostRecord): void {
    const key = record.name.toLowerCase();
    const before = this.hosts.get(key);
    if (before) {
      const place = `${before.file}:${before.line}`;
      this.rest.warnings.push(
        `${record.file}:${record.line}: host ${shown(record.name)} again; this record replaces the one at ${place}.`,
      );
    }
    this.hosts.set(key, record);
  }
}

function argumentOf({ line, words }: Line, file: string, what: string): string {
  const [first, argument, extra] = words;
  if (!argument?.text) throw new ConfigError(file, line, `expected ${what} after ${first?.text}.`);
  if (extra) {
    throw new ConfigError(
      file,
      extra.line,
      `expected ${what} only, not ${shown(extra.text)}; a path with blanks needs quotes.`,
    );
  }
  return argument.text;
}

function libraryOf(line: Line, file: string): string {
  const what = 'the relative path of a library';
  const path = argumentOf(line, file, what);
  if (isAbsolutePath(path) || path.split('/').includes('..')) {
    throw new ConfigError(file, line.line, `expected ${what}, not ${shown(path)}.`);
  }
  return path;
}

function recordOf({ line, words }: Line, file: string): HostRecord {
  const [name, cpus, ...rest] = words;
  if (!name || !/^[a-z0-9][a-z0-9._-]{0,252}$/i.test(name.text)) {
    throw new ConfigError(file, line, `expected a host name, not ${shown(name?.text ?? '')}.`);
  }
  const count = /^[0-9]{1,4}$/.test(cpus?.text ?? '') ? Number(cpus?.text) : Number.NaN;
  if (!(count <= mostCpus)) {
    const given = cpus ? `, not ${shown(cpus.text)}` : '';
    const expected = `expected a number of processors from 0 to ${mostCpus} after ${shown(name.text)}${given}.`;
    throw new ConfigError(file, cpus?.line ?? line, expected);
  }
  return { name: name.text, cpus: count, locations: locationsOf(rest, file), file, line };
}

function locationsOf(words: readonly Word[], file: string): Location[] {
  const locations = new Map<string, Location>();
  for (const { text, line } of words) {
    const [, name = '', path = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    const wrong = (sentence: string) => new ConfigError(file, line, sentence);
    if (!/^[^\s/\\]{1,200}$/.test(name)) throw wrong(`expected location="local path", not ${shown(text)}.`);
    if (locations.has(name)) throw wrong(`location ${shown(name)} is given a second time for this host.`);
    if (!isAbsolutePath(path)) {
      throw wrong(`expected an absolute path for location ${shown(name)}, not ${shown(path)}.`);
    }
    if (path.split(/[/\\]/).includes('..')) throw wrong(`expected a path without ".." for location ${shown(name)}.`);
    locations.set(name, { name, path: path.startsWith('/') ? tidy(path) : path });
  }
  return [...locations.values()];
}

/** Absolute here, on a Windows drive, or on a Windows share. */
function isAbsolutePath(path: string): boolean {
  return /^(\/|[a-z]:[\\/]|\\\\[^\\])/i.test(path);
}

function tidy(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}
