import type { Ambient } from './task.ts';

/** Radiance's programs that name their octree last and keep indirect light in a file. */
const programs = ['rpict', 'rtrace'];

/**
 * The ambient file of a command, as far as its own words tell: one of the project, whose octree is there, too. Null where
 * it has none, or where nobody can say for certain: options that stand in files, names that lead out of the project.
 * @param program its name or path
 */
export function ambientOf(program: string, args: readonly string[]): Ambient | null {
  const at = args.lastIndexOf('-af') + 1;
  if (at === 0 || at >= args.length - 1) return null;
  if (!programs.includes(program.slice(program.lastIndexOf('/') + 1))) return null;
  if (args.some((word) => word.startsWith('@'))) return null;
  const [path, octree] = [insideOf(args[at] ?? ''), insideOf(args.at(-1) ?? '')];
  if (path === null || octree === null) return null;
  return { path, octree, inputs: [], use: 'shared', filledBy: null, onlyCold: false };
}

/** The name without `.`; null if it may lead out of the project, or is no file's. */
function insideOf(word: string): string | null {
  const parts = word.split('/').filter((part) => part !== '' && part !== '.');
  return /^[/!-]|\/$|^$/.test(word) || parts.length === 0 || parts.includes('..') ? null : parts.join('/');
}
