import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { isWithin, type Sight } from './sights.ts';

/**
 * What all cells show of this host: its programs and libraries, and `/etc`, whose secrets are root's. Not `/home`, `/root`,
 * `/run`, `/srv`, `/var`.
 */
const installed = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt', '/nix', '/gnu'];
/** How many processors there are. */
const machine = ['/sys/devices/system/cpu', '/sys/devices/system/node'];
/** Devices without anything behind them. */
const harmless = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** @param devices there are some: their drivers look around in /sys */
export function systemSights({ network, devices }: { network: boolean; devices: boolean }): Sight[] {
  return [
    ...installed.flatMap((path) => asItIs(path)),
    ...(network ? resolver() : []),
    { is: 'processes', path: '/proc' },
    ...(devices ? ['/sys'] : machine).flatMap((path) => asItIs(path)),
    ...harmless.flatMap((name) => (exists(`/dev/${name}`) ? [{ is: 'device', path: `/dev/${name}` } as const] : [])),
    { is: 'link', path: '/dev/fd', to: '/proc/self/fd' },
    { is: 'link', path: '/dev/stdin', to: '/proc/self/fd/0' },
    { is: 'link', path: '/dev/stdout', to: '/proc/self/fd/1' },
    { is: 'link', path: '/dev/stderr', to: '/proc/self/fd/2' },
    { is: 'empty', path: '/dev/shm' },
    { is: 'empty', path: '/tmp' },
    { is: 'link', path: '/var/tmp', to: '/tmp' },
  ];
}

/** Whether something may lie over this directory: not over what a cell lives on. */
export function mayBeCovered(path: string): boolean {
  return ![...installed, '/proc', '/dev', '/sys', '/tmp'].some((one) => isWithin(one, path));
}

/** Whether it lies among the programs of the system: as the home of one that has none of its own. */
export function isOfSystem(path: string): boolean {
  const places = [...installed.filter((one) => one !== '/opt'), '/proc', '/dev', '/sys'];
  return places.some((one) => isWithin(path, one));
}

/** A link stays a link, as `/bin` is one to `usr/bin`. */
function asItIs(path: string): Sight[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  if (stats.isSymbolicLink()) return [{ is: 'link', path, to: readlinkSync(path) }];
  return [{ is: 'read', path }];
}

/** The file with the name servers is mostly a link into /run. */
function resolver(): Sight[] {
  try {
    const real = realpathSync('/etc/resolv.conf');
    return isWithin(real, '/etc') ? [] : [{ is: 'read', path: real }];
  } catch {
    return [];
  }
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
