import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isAlive } from './program.ts';

/** Living processes that work in this directory: what they say of their own numbers may mean something in a cell only. */
export function processesIn(directory: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => isIn(pid, directory) && isAlive(pid));
}

/** The number that a process has for itself. */
export function ownNumber(pid: number): number {
  const numbers = /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? String(pid);
  return Number(numbers.split('\t').at(-1));
}

function isIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === directory;
  } catch {
    return false;
  }
}
