import { closeSync, writeFileSync } from 'node:fs';
import type { AmbientFile } from './ambient-file.ts';
import { keepBeside, setAside } from './aside.ts';
import { type Check, checkAmbient } from './check.ts';
import { lookBeside } from './door.ts';
import { holderOf } from './holders.ts';
import type { Inside } from './inside.ts';
import { mendAmbient, mendShared } from './mend.ts';
import type { Place } from './place.ts';
import type { Cut } from './sidecar.ts';
import { Patience } from './waiting.ts';

/** Of what is cut off: a file with a hole in it may have gigabytes. */
const mostKeptBytes = 64 * 1024 * 1024;

/**
 * The write lock, at once or after whoever has it. Who waits takes the turn at the door as soon as he can get it, so that
 * nobody comes in before him. He must have no read lock: two who wait like this would wait for each other.
 * @returns false, with a note, if it cannot be had in time
 */
export async function keepOut(
  { door, place, notes }: Inside,
  file: AmbientFile,
  { hasTurn, patience }: { readonly hasTurn: boolean; readonly patience: Patience },
): Promise<boolean> {
  let turn = hasTurn;
  const isAlone = await patience.until(() => {
    if (file.tryLock('write')) return true;
    turn ||= door.tryTurn();
    return false;
  });
  if (turn && !hasTurn) door.endTurn();
  if (!isAlone) notes.push(`${place.path} was locked by ${holderOf(file.fd, 'write')} for too long.`);
  return isAlone;
}

/** An ambient file when it was entered. */
export interface Entered {
  readonly bytes: number;
  /** Until then. */
  readonly cut: Cut | null;
}

/** What the file is like after a process that wrote to it. @returns what is wrong, a sentence, or null */
export async function lastLook(
  inside: Inside,
  file: AmbientFile,
  { hasTurn, entered }: { readonly hasTurn: boolean; readonly entered: Entered },
): Promise<string | null> {
  const { place, known, clock, limits, notes } = inside;
  const patience = new Patience(clock, limits.leave);
  if (!file.isThere) return null;
  if (!(await patience.until(() => file.tryLock('read')))) {
    notes.push(`${place.path} was not looked at: it was locked by ${holderOf(file.fd, 'read')} for too long.`);
    return null;
  }
  const { size } = file.stats;
  if (size < entered.bytes && !isCutByUs(place, size, entered))
    return `${place.path} has shrunk from ${entered.bytes} to ${size} bytes.`;
  const check = await known.check(file);
  if (check.is === 'sound') return null;
  if (check.is !== 'cut short' && !(hasTurn && isHalfMade(file))) return `${place.path}: ${check.problem}`;
  file.unlock();
  return (await keepOut(inside, file, { hasTurn, patience })) ? await tidy(inside, file) : null;
}

/** A gate, maybe that of another host, has found damage before the end and cut it off since. */
function isCutByUs(place: Place, size: number, { cut }: Entered): boolean {
  const last = lookBeside(place)?.cut ?? null;
  return last !== null && last.at !== cut?.at && size >= last.to;
}

/** Who made it was killed before its header was written. */
function isHalfMade(file: AmbientFile): boolean {
  const header = file.header();
  return 'problem' in header && header.incomplete;
}

/**
 * A partial record is cut off. What is hardly begun goes: Radiance takes it for an ambient file, and fails.
 * @returns what is wrong by now, a sentence: somebody may have written since the first look
 */
async function tidy({ place, known, notes }: Inside, file: AmbientFile): Promise<string | null> {
  const check = await known.check(file);
  if (!file.isThere || check.problem === null) return null;
  if (check.is === 'damaged') return `${place.path}: ${check.problem}`;
  if (check.header === null) {
    place.remove('');
    notes.push(`${place.path} was not made to its end and has been removed.`);
  } else {
    await mendAmbient(file.fd, check);
    notes.push(`${place.path}: ${check.problem} The last ${check.fileBytes - check.soundBytes} bytes were cut off.`);
  }
  return null;
}

/** @param used what the passage was into; a file that was put in its place meanwhile is left alone */
export async function quarantine(
  inside: Inside,
  used: AmbientFile,
  { hasTurn, reason }: { readonly hasTurn: boolean; readonly reason: string },
): Promise<string> {
  const { place, door, clock, limits } = inside;
  const patience = new Patience(clock, limits.leave);
  const busy = `${place.path} stays where it is: others have it locked.`;
  if (!(hasTurn || (await patience.until(() => door.tryTurn())))) return busy;
  try {
    if (!(await keepOut(inside, used, { hasTurn: true, patience }))) return busy;
    if (!used.isThere) return `${place.path} is not there any more.`;
    const check = await checkAmbient(used.fd);
    // Those who use it would look for more of it in a new one of the name.
    if (check.header !== null && !door.tryUseAlone()) return await cutBeside(inside, used, { check, reason });
    return `${place.path} was set aside as ${setAside(place, 'damaged', reason)}.`;
  } finally {
    door.use();
    used.unlock();
    if (!hasTurn) door.endTurn();
  }
}

async function cutBeside(
  { place, door }: Inside,
  file: AmbientFile,
  { check, reason }: { readonly check: Check; readonly reason: string },
): Promise<string> {
  if (check.is === 'sound') return `${place.path} is sound as it is now, and others use it: it stays.`;
  const kept = keepBeside(place, reason);
  let left = mostKeptBytes;
  try {
    await mendShared(file.fd, door, check, async (bytes) => {
      writeFileSync(kept.fd, bytes.subarray(0, left));
      left = Math.max(0, left - bytes.length);
    });
  } finally {
    closeSync(kept.fd);
  }
  return `${place.path} was cut, since others use it; what was cut off is ${kept.path}.`;
}
