import { failureOf as anyFailureOf } from '../any-program.ts';
import type { Understanding } from '../understanding.ts';

/** Blender in the background (`-b`): Cycles, Eevee and the tiles of versions before 3.0, from its standard output. */
export const blender: Understanding = {
  progressOf: (line) => {
    const text = line.trimEnd();
    const found = /^Fra:\d+ .*\| (?:Sample|Rendering|Rendered) (\d+) ?\/ ?(\d+)(?: (?:samples|Tiles).*)?$/.exec(text);
    const [, done, all] = found ?? [];
    return Number(all) > 0 ? Math.min(1, Number(done) / Number(all)) : null;
  },
  /** It goes on after a script that failed, with status 0. */
  warningOf: (line) => (/^Error: Python: /.test(line) ? line.replace(/^Error: /, '').trim() : null),
  failureOf: (ending) => {
    const plain = anyFailureOf(ending);
    if (ending.signal !== null) return plain;
    const error = ending.lastLines.findLast((line) => /^Error: /.test(line));
    // Many versions end with status 0 whatever happened: an error and no picture is a failure.
    const failed =
      plain !== null || (error !== undefined && !ending.lastLines.some((line) => line.startsWith('Saved: ')));
    if (!failed) return null;
    return error === undefined ? plain : `blender failed: ${ended(error.replace(/^Error: /, '').trim())}`;
  },
};

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
