import { dirname, resolve } from 'node:path';

/** What is put into a cell. The order counts: what comes later lies on what came before. */
export type Sight =
  /** A file or directory of the host, by the same name. */
  | { readonly is: 'read' | 'write' | 'device'; readonly path: string }
  | { readonly is: 'link'; readonly path: string; readonly to: string }
  /** An empty directory in memory, which can be written. */
  | { readonly is: 'empty'; readonly path: string }
  | { readonly is: 'processes'; readonly path: string };

/** Whether `path` is the directory or lies below it; both absolute, without links. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** Whether a file of the host can be seen in a cell. Of links only those are heeded that the cell has. */
export function isSeen(path: string, sights: readonly Sight[]): boolean {
  const link = sights.find((sight) => sight.is === 'link' && isWithin(path, sight.path));
  if (link?.is === 'link') {
    return isSeen(resolve(dirname(link.path), link.to, `.${path.slice(link.path.length)}`), sights);
  }
  const last = sights.findLast((sight) => sight.is !== 'link' && isWithin(path, sight.path));
  return last !== undefined && last.is !== 'empty' && last.is !== 'processes';
}

/**
 * The same in bubblewrap's words.
 * @param bytes most that an empty directory may take; null where bubblewrap cannot be told that
 */
export function inWords(sights: readonly Sight[], network: boolean, bytes: number | null): string[] {
  const words = ['--unshare-ipc', ...(network ? [] : ['--unshare-net'])];
  for (const sight of sights) words.push(...wordsOf(sight, bytes));
  // What is not in any of these is the cell's own root, in memory: nobody is to fill that.
  return [...words, '--remount-ro', '/', '--chdir', '/'];
}

function wordsOf(sight: Sight, bytes: number | null): string[] {
  const { path } = sight;
  switch (sight.is) {
    case 'read':
      return ['--ro-bind', path, path];
    case 'write':
      return ['--bind', path, path];
    case 'device':
      return ['--dev-bind', path, path];
    case 'link':
      return ['--symlink', sight.to, path];
    case 'empty':
      return [...(bytes === null ? [] : ['--size', String(bytes)]), '--tmpfs', path];
    case 'processes':
      return ['--proc', path];
  }
}
