import { closeSync, constants, writeFileSync } from 'node:fs';
import type { Place } from './place.ts';

/** A project keeps so many of a kind; then the oldest goes. */
const most = 3;

/**
 * Gives an ambient file another name, with a text beside it that says why. The caller has its write lock, and nobody
 * uses it.
 * @returns that name
 */
export function setAside(place: Place, kind: 'damaged' | 'other', reason: string): string {
  const more = freeName(place, kind);
  place.rename('', more);
  writeReason(place, more, reason);
  return place.path + more;
}

/** A new file beside it for what is cut off. @returns its descriptor, and its name */
export function keepBeside(place: Place, reason: string): { readonly fd: number; readonly path: string } {
  const more = freeName(place, 'damaged');
  place.remove(more);
  writeReason(place, more, reason);
  return { fd: place.open(more, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL), path: place.path + more };
}

function writeReason(place: Place, more: string, reason: string): void {
  const name = `${more}.reason`;
  place.remove(name);
  const fd = place.open(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  try {
    writeFileSync(fd, `${reason}\n`);
  } finally {
    closeSync(fd);
  }
}

/** The first that is free, else that of the oldest. */
function freeName(place: Place, kind: string): string {
  const names = Array.from({ length: most }, (_, number) => `.${kind}-${number + 1}`);
  const dates = names.map((more) => ({ more, stats: place.look(more) }));
  const free = dates.find(({ stats }) => stats === null);
  if (free) return free.more;
  return dates.reduce((one, other) => ((one.stats?.ctimeMs ?? 0) <= (other.stats?.ctimeMs ?? 0) ? one : other)).more;
}
