import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { inPath, isProgram } from '../programs.ts';
import { isSeen, isWithin, type Sight, withoutLinks, withWays } from './sights.ts';
import { exists, isOfSystem, mayBeCovered, systemSights } from './system.ts';

/** What a simulation needs to see. */
export interface Needs {
  /** The project's directory, without links. */
  readonly project: string;
  /** By the name that its users have for it. */
  readonly named: string;
  /** The directory that holds it and others, if its host names one. */
  readonly location: string | null;
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** The program's home, in which nothing may be seen. */
  readonly home: string;
  readonly network: boolean;
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  readonly devices: readonly string[];
}

/** What a cell shows. */
export function viewFor(needs: Needs): Sight[] {
  const { project, named, env, home } = needs;
  const devices = needs.devices.filter(exists);
  const sights = systemSights({ network: needs.network, devices: devices.length > 0 });
  // Where projects lie among programs, a cell shows its own only.
  hide(needs.location, sights);
  const own = env['HOME'] ?? '';
  if (isAbsolute(own) && mayBeCovered(own) && !isOfSystem(own)) sights.push({ is: 'empty', path: own });
  for (const path of needs.readable.flatMap((one) => alike(one))) add(readable(path, home) ? path : null, sights);
  for (const path of alike(home)) hide(path, sights);
  for (const path of libraries(env)) add(holdsMore(path, needs) ? null : path, sights);
  for (const path of programs(needs)) add(shownFor(path, needs), sights);
  // After the programs, which may lie above.
  for (const path of writable(needs)) sights.push({ is: 'write', path });
  sights.push({ is: 'write', path: project });
  if (named !== project && !isSeen(named, sights)) sights.push({ is: 'link', path: named, to: project });
  const all = [...sights, ...devices.map((path) => ({ is: 'device', path }) as const)];
  return withWays(withoutLinks(all));
}

/** Never our own home, nor what holds it. */
function writable({ writable: paths, home }: Needs): string[] {
  const homes = alike(home);
  return paths.filter(
    (path) => exists(path) && !alike(path).some((one) => homes.some((at) => isWithin(at, one) || isWithin(one, at))),
  );
}

function add(path: string | null, sights: Sight[]): void {
  if (path !== null && !isSeen(path, sights)) sights.push({ is: 'read', path });
}

/** A cell has its own /tmp, /proc and the like, and lives on the programs: nothing lies over these. */
function readable(path: string, home: string): boolean {
  const isOurs = alike(home).some((one) => alike(path).some((real) => isWithin(real, one)));
  return exists(path) && mayBeCovered(path) && !isOurs;
}

function hide(path: string | null, sights: Sight[]): void {
  if (path !== null && exists(path) && isSeen(path, sights) && mayBeCovered(path)) sights.push({ is: 'empty', path });
}

/** Where programs and Radiance's library are. */
function libraries({ RAYPATH = '', PATH = '' }: Needs['env']): string[] {
  return [...RAYPATH.split(':'), ...PATH.split(':')].filter((entry) => isAbsolute(entry) && isDirectory(entry));
}

/** The program, and those of Radiance, by their names and by where those lead to. */
function programs({ program, env, project, writable: paths }: Needs): string[] {
  const path = program.includes('/') ? program : inPath(program, env['PATH'] ?? '');
  const own = path !== null && isAbsolute(path) && !isOfSimulations(path, [project, ...paths]) ? alike(path) : [];
  const rpict = inPath('rpict', env['PATH'] ?? '');
  return rpict === null ? own : [...own, ...alike(rpict), ...linkedFrom(dirname(rpict))];
}

/** Where the links in a directory lead to; not in one of the system, as all of that is shown. */
function linkedFrom(directory: string): string[] {
  if (isOfSystem(directory)) return [];
  const links = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  const ways = links.flatMap(({ name }) => alike(join(directory, name)).slice(1));
  // One program of each place stands for all.
  return [...new Map(ways.map((way) => [dirname(way), way])).values()];
}

/** The directory that a program lies in, or where that holds more than programs the program alone. */
function shownFor(program: string, needs: Needs): string | null {
  if (!isProgram(program)) return null;
  // Whoever submits a job names its program; Radiance may lie in our home, which only its administrator can say.
  if (alike(needs.home).some((one) => isWithin(program, one))) return null;
  return holdsMore(dirname(program), needs) ? program : dirname(program);
}

/** As many as the kernel follows. */
const MOST_LINKS = 40;

const shared = ['/home', '/root', '/run', '/srv', '/var', '/tmp', '/mnt', '/media', '/net', '/data'];

/** Whether a directory holds what is none of a simulation's business: somebody's home, our own, other projects. */
function holdsMore(directory: string, { home, env, location, project }: Needs): boolean {
  const above = [...shared, ...alike(home), env['HOME'] ?? '', location ?? '', project].filter(isAbsolute);
  return above.some((one) => isWithin(one, directory));
}

/**
 * Whether a way leads through directories that simulations may write: what lies there must not say what they see. That
 * they could turn a link after we have looked does not matter: where one is met, all is theirs. So it is with ways
 * through /proc, which mean something else to each process.
 */
export function isOfSimulations(path: string, theirs: readonly string[]): boolean {
  const directories = [...theirs.flatMap((one) => alike(one)), '/proc'];
  const parts = path.split('/');
  let at = '/';
  for (let links = 0; parts.length > 0; ) {
    at = join(at, parts.shift() ?? '');
    if (directories.some((one) => isWithin(at, one))) return true;
    const target = linkAt(at);
    if (target === null) continue;
    if (++links > MOST_LINKS) return true;
    parts.unshift(...target.split('/'));
    at = isAbsolute(target) ? '/' : dirname(at);
  }
  return false;
}

/** What the link says; null where there is none that we may see. */
function linkAt(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A path, and where it leads to. */
function alike(path: string): string[] {
  try {
    return [...new Set([path, realpathSync(path)])];
  } catch {
    return [path];
  }
}
