import { dirname, resolve } from 'node:path';

/** What is put into a cell. The order counts: what comes later lies on what came before. */
export type Sight =
  /** A file or directory of the host, by the same name. */
  | { readonly is: 'read' | 'write' | 'device'; readonly path: string }
  | { readonly is: 'link'; readonly path: string; readonly to: string }
  /** An empty directory in memory, which can be written. */
  | { readonly is: 'empty'; readonly path: string }
  /** One that cannot be written, and so leads for sure to what is seen below it. */
  | { readonly is: 'way'; readonly path: string }
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
  return last !== undefined && last.is !== 'empty' && last.is !== 'way' && last.is !== 'processes';
}

/** Without links where something lies below their name: it could not be put there. */
export function withoutLinks(sights: readonly Sight[]): Sight[] {
  const isLed = (link: Sight) => !sights.some((sight) => sight !== link && isWithin(sight.path, link.path));
  return sights.map((sight) => (sight.is !== 'link' || isLed(sight) ? sight : { is: 'empty', path: sight.path }));
}

/**
 * With ways to what lies deep in a directory that can be written: the directories that lead there could be renamed, so
 * that later simulations find nothing, or something else.
 */
export function withWays(sights: readonly Sight[]): Sight[] {
  return sights.flatMap((sight, index): Sight[] => {
    if (sight.is !== 'empty') return [sight];
    const later = sights.slice(index + 1);
    if (later.some(({ path }) => isWithin(sight.path, path))) return [sight];
    const below = later.filter(({ path }) => path.startsWith(`${sight.path}/`));
    const firsts = new Set(below.map(({ path }) => path.split('/', sight.path.split('/').length + 1).join('/')));
    const ways = [...firsts].filter((first) => !sights.some(({ path }) => path === first));
    return [sight, ...ways.map((path) => ({ is: 'way', path }) as const)];
  });
}

/**
 * The same in bubblewrap's words.
 * @param bytes most that an empty directory may take; null where bubblewrap cannot be told that
 */
export function inWords(sights: readonly Sight[], network: boolean, bytes: number | null): string[] {
  const words = ['--unshare-ipc', ...(network ? [] : ['--unshare-net'])];
  for (const sight of sights) words.push(...wordsOf(sight, bytes));
  // What is not in any of these is the cell's own root, in memory: nobody is to fill that.
  const closed = ['/', ...sights.filter(({ is }) => is === 'way').map(({ path }) => path)];
  return [...words, ...closed.flatMap((path) => ['--remount-ro', path]), '--chdir', '/'];
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
    case 'way':
      return ['--tmpfs', path];
    case 'processes':
      return ['--proc', path];
  }
}
