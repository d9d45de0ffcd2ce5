import { statfsSync } from 'node:fs';
import type { Outcome } from '../model/task.ts';

/** A disk with less is as good as full, bytes: what did not fit is gone by the time that we look. */
const LITTLE = 16 * 1024 * 1024;

/** Whether a file could not be written because its disk, or the user's share of it, is full. */
export function isFull(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Whether a program failed because there is no room in the project: it says so, and it is so. */
export function hasNoRoom(directory: number, { reason, lastLines }: Extract<Outcome, { is: 'failed' }>): boolean {
  const said = [reason, ...lastLines].join('\n');
  if (/disk quota exceeded|disk quota is used up/i.test(said)) return true;
  if (!/no space left|file system of the project( is)? full/i.test(said)) return false;
  try {
    const { bavail, bsize, ffree, files } = statfsSync(`/proc/self/fd/${directory}`);
    return bavail * bsize < LITTLE || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}
