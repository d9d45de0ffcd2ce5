import type { Settings } from '../config/settings.ts';
import type { Store } from '../store/store.ts';
import type { Log } from './options.ts';

const dayMilliseconds = 86_400_000;
/** Between two looks, ms; and jobs removed at once, with a breath after them: service goes on meanwhile. */
const lookMilliseconds = 60_000;
const portion = 100;
const breathMilliseconds = 20;

export interface Forgetting {
  readonly store: Pick<Store, 'forget'>;
  readonly settings: Settings['jobs'];
  readonly now: () => number;
  readonly log: Log;
  /** Resolves after that many milliseconds, or at once when the farm closes. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly isClosing: () => boolean;
}

/** Forgets ended jobs as the settings say, until the farm closes. Their results stay in the projects. */
export async function keepForgetting(doors: Forgetting): Promise<void> {
  const { keep, days } = doors.settings;
  if (keep === null && days === null) return;
  while (!doors.isClosing()) {
    await forgetOld(doors);
    await doors.pause(lookMilliseconds);
  }
}

async function forgetOld({ store, settings, now, log, pause, isClosing }: Forgetting): Promise<void> {
  const { keep, days } = settings;
  let forgotten = 0;
  try {
    for (let last = portion; last === portion && !isClosing(); ) {
      const endedBefore = days === null ? null : now() - days * dayMilliseconds;
      last = (await store.forget({ endedBefore, keep, limit: portion })).length;
      forgotten += last;
      if (last === portion) await pause(breathMilliseconds);
    }
  } catch (error) {
    log('error', `old jobs cannot be forgotten: ${(error as Error).message}`);
  }
  if (forgotten > 0) log('info', `${forgotten} ended ${forgotten === 1 ? 'job' : 'jobs'} forgotten`);
}
