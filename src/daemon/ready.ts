import { closeSync, writeSync } from 'node:fs';
import { type Word, writeWord } from './handover.ts';

/** Tells the waiting front, which then leaves. False: it has left already. @param fd - null: nobody waits */
export function tellFront(fd: number | null, word: Word): boolean {
  if (fd === null) return true;
  try {
    writeSync(fd, writeWord(word));
    closeSync(fd);
    return true;
  } catch {
    return false;
  }
}
