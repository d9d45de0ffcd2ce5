import { readFileSync } from 'node:fs';

/** The numbers of a process's children; null where the kernel does not tell. */
export function childrenOf(pid: number): number[] | null {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number).filter(Boolean);
  } catch {
    return null;
  }
}
