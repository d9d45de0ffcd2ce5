import { closeSync, readSync, type Stats, statSync } from 'node:fs';
import type { Current } from '../model/task.ts';
import { openRegular } from './below.ts';

/** More than any header that oconv writes, bytes. */
const LONGEST_HEADER = 65_536;

/**
 * Whether this is an octree that holds its scene (oconv -f). In its header the line of the last oconv stands at the
 * margin, those of octrees that it started from after a tab.
 */
export function isFrozen(header: string): boolean {
  const end = header.indexOf('\n\n');
  const lines = (end < 0 ? header : header.slice(0, end)).split('\n');
  return lines[0] === '#?RADIANCE' && lines.some((line) => /^oconv\s(.*\s)?-f(\s|$)/.test(line));
}

/** The beginning of a file, as Latin 1: enough for a header. */
export function readHeader(fd: number): string {
  const bytes = Buffer.alloc(LONGEST_HEADER);
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0));
}

/** Whether a task's output is there, frozen and not older than any of its inputs. */
export function isCurrent(directory: number, current: Current): boolean {
  let fd: number | null = null;
  try {
    const output = openRegular(directory, current.output);
    fd = output.fd;
    if (!isFrozen(readHeader(fd))) return false;
    return current.inputs.every((input) => statOf(directory, input).mtimeMs <= output.stats.mtimeMs);
  } catch {
    return false;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Of any file that a project names: one that is only read may lie outside, as libraries do. Nothing is opened. */
export function statOf(directory: number, path: string): Stats {
  return statSync(path.startsWith('/') ? path : `/proc/self/fd/${directory}/${path}`);
}
