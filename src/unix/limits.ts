import posix from 'posix';

/**
 * How many files and connections this process may have open. Node raises the soft limit to the hard one when it
 * starts, so that what a shell left us (often 1024) does not count.
 */
export function openFileLimit(): number {
  return posix.getrlimit('nofile').soft ?? Number.POSITIVE_INFINITY;
}
