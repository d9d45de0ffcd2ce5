import { Refusal } from '../model/refusal.ts';
import { Away } from './away.ts';
import type { Clock } from './clock.ts';

/** Between two tries, ms; and how many there are. */
const PAUSE = 500;
const TRIES = 60;

const scarce = ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'];

/** Whether it failed for want of what all processes of this host share: descriptors, processes, memory. */
export function isScarcity(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (error instanceof Away) return false;
  return error instanceof Refusal ? error.code === 'not-ready' : scarce.includes(String(code));
}

/**
 * Tries a deed again, for half a minute, while the host lacks what it needs: others give it back.
 * @throws what the deed throws, when it is no use to wait, or nobody waits any more
 */
export async function patiently<T>(deed: () => T, clock: Clock, isWanted: () => boolean): Promise<Awaited<T>> {
  for (let tries = 1; ; tries++) {
    try {
      return await deed();
    } catch (error) {
      if (!isScarcity(error) || tries === TRIES || !isWanted()) throw error;
    }
    await new Promise<void>((settle) => clock.after(PAUSE, settle));
  }
}
