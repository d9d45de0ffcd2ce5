import { readdirSync, readlinkSync } from 'node:fs';
import { isAlive } from './program.ts';

/** Living processes that work in this directory: what they say of their own numbers may mean something in a cell only. */
export function processesIn(directory: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => isIn(pid, directory) && isAlive(pid));
}

function isIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === directory;
  } catch {
    return false;
  }
}
