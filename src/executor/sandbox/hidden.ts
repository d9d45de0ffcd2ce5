import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isSeen, isWithin, type Sight } from './sights.ts';

/** What is looked at of the words of a program: names of files come early in a line, and there are few. */
const MOST_WORDS = 40;
/** How long a file system may take to say whether a file is there, ms. */
const PATIENCE = 2000;

/** The cell that a program ran in. */
export interface Hiding {
  readonly sights: readonly Sight[];
  /** Its working directory, without links. */
  readonly project: string;
  /** What cells never show: no setting changes that. */
  readonly home: string;
}

/**
 * Of a program that failed: says so if a file that it named is there, but not to be seen from its cell.
 * @param lines what it said last
 */
export async function hiddenFile(lines: readonly string[], hiding: Hiding): Promise<string | null> {
  const seen = new Set<string>();
  for (const word of wordsIn(lines)) {
    if (seen.size >= MOST_WORDS) break;
    if (seen.has(word)) continue;
    seen.add(word);
    const real = await inTime(realpath(resolve(hiding.project, word)));
    if (real === null || !isHidden(real, hiding)) continue;
    const says = `${word} is on this host, but not to be seen from where the program ran`;
    return `${says}: name it, or a directory above it, in the setting "sandbox.readable".`;
  }
  return null;
}

/** Paths, without what stands around them in a sentence; the last lines first. */
function wordsIn(lines: readonly string[]): string[] {
  const words = lines.toReversed().flatMap((line) => line.split(/[\s"'`<>|()[\]{},;=]+/));
  return words.map((word) => word.replace(/[:.!?]+$/, '')).filter((word) => /[./]/.test(word) && word.length < 4096);
}

/** What a cell has of its own, such as /proc, is not meant to be the host's. */
function isHidden(path: string, { sights, home }: Hiding): boolean {
  const own = ['/proc', '/dev', '/sys', home];
  return path !== '/' && !own.some((one) => isWithin(path, one)) && !isSeen(path, sights) && !isAbove(path, sights);
}

/** Directories that lead to what is seen are there, too. */
function isAbove(path: string, sights: readonly Sight[]): boolean {
  return sights.some((sight) => isWithin(sight.path, path));
}

async function inTime(looking: Promise<string>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((settle) => {
    timer = setTimeout(() => settle(null), PATIENCE);
  });
  try {
    return await Promise.race([looking, late]);
  } catch {
    // There is no such file.
    return null;
  } finally {
    clearTimeout(timer);
  }
}
