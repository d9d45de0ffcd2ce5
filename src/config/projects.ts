import type { Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import { shown } from './error.ts';
import type { HostRecord, Location } from './hosts.ts';

/** A project as a client names it: by location and the way from there, or by an absolute directory of this host. */
export type ProjectNamed = { readonly path: string } | { readonly location: string; readonly path: string };

/** A location that covers a directory, and the way from it there: never empty, without leading `/`. */
export interface Covering {
  readonly location: Location;
  readonly rest: string;
}

/**
 * The project that is meant, as this host sees it. `record` is the host's own, or null where there is no hosts file.
 * Whether it exists is for procwrap to find out.
 * @throws Refusal `unknown-location`, after which the hosts file may be read again and the question repeated;
 * `no-such-project`
 */
export function projectFor(record: HostRecord | null, named: ProjectNamed): Project {
  if ('location' in named) return projectOf(record, named.location, named.path);
  const here = localLocations(record);
  if (record === null || here.length === 0) return projectAt(named.path);
  const { path } = projectAt(named.path);
  const covering = locationOf(record, path);
  if (covering) return projectOf(record, covering.location.name, covering.rest);
  const known = here.map(({ name, path: local }) => `${name}=${local}`).join(', ');
  throw new Refusal(
    'unknown-location',
    `Project ${shown(path)} lies below no location of host ${shown(record.name)} (${known}).`,
  );
}

/**
 * The project at `rest` below this host's directory for the location.
 * @throws Refusal `Unknown location "x".` or `No such project "x".`
 */
export function projectOf(record: HostRecord | null, location: string, rest: string): Project {
  const found = localLocations(record).find(({ name }) => name === location);
  if (!found) throw new Refusal('unknown-location', `Unknown location ${shown(location)}.`);
  const way = checkedWay(rest, rest);
  const path = found.path === '/' ? `/${way}` : `${found.path}/${way}`;
  return { location, root: found.path, rest: way, path };
}

/** The project at an absolute path of this host, without locations. @throws Refusal `No such project "x".` */
export function projectAt(path: string): Project {
  if (!path.startsWith('/')) throw noSuchProject(path);
  const way = checkedWay(path.slice(1), path);
  return { location: null, root: '/', rest: way, path: `/${way}` };
}

/**
 * The location with the longest local path that is a parent of the directory, by whole components; null if none is.
 * @param path absolute, without links, `.` and `..`
 */
export function locationOf(record: HostRecord, path: string): Covering | null {
  let best: Covering | null = null;
  for (const location of localLocations(record)) {
    const parent = location.path === '/' ? '/' : `${location.path}/`;
    const rest = path.slice(parent.length);
    if (!path.startsWith(parent) || rest === '') continue;
    if (best === null || location.path.length > best.location.path.length) best = { location, rest };
  }
  return best;
}

/** Locations that this system can reach: a path such as `P:\proj` is for Windows. */
function localLocations(record: HostRecord | null): readonly Location[] {
  return record?.locations.filter(({ path }) => path.startsWith('/')) ?? [];
}

/** Bytes of a path (PATH_MAX less the closing NUL). */
const longestPath = 4095;

/** One closing `/` is taken off; anything that could lead elsewhere, or has two spellings, is refused. */
function checkedWay(rest: string, asked: string): string {
  const way = rest.replace(/\/$/, '');
  const parts = way.split('/');
  const odd = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'));
  if (odd || !way.isWellFormed() || Buffer.byteLength(way) > longestPath) throw noSuchProject(asked);
  return way;
}

function noSuchProject(asked: string): Refusal {
  return new Refusal('no-such-project', `No such project ${shown(asked)}.`);
}
