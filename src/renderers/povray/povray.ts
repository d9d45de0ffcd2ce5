import { failureOf as anyFailureOf } from '../any-program.ts';
import type { Understanding } from '../understanding.ts';

/** POV-Ray 3.6 and 3.7, from what it writes to its standard error. It ends its reports with a carriage return. */
export const povray: Understanding = {
  progressOf: (line) => {
    const [, done, all] =
      /^(?:Rendered (\d+) of (\d+) pixels \(|Rendering line (\d+) of (\d+))/.exec(line)?.filter(Boolean) ?? [];
    return Number(all) > 0 ? Math.min(1, Number(done) / Number(all)) : null;
  },
  // It warns of much that nobody minds, for every frame: the log has it.
  warningOf: () => null,
  failureOf: (ending) => {
    const plain = anyFailureOf(ending);
    if (plain === null || ending.signal !== null) return plain;
    const said = joined(ending.lastLines).find((line) => /(?:Error|Cannot|Could not|Failed to)[ :]/.test(line));
    return said === undefined ? plain : `povray failed: ${said.replace(/^(?:Possible )?Parse Error: /, '')}`;
  },
};

/** Its sentences are broken at 79 columns; what follows begins with a blank. */
function joined(lines: readonly string[]): string[] {
  const sentences: string[] = [];
  for (const line of lines) {
    if (/^ \S/.test(line) && sentences.length > 0) sentences.push(`${sentences.pop()} ${line.trim()}`);
    else sentences.push(line);
  }
  return sentences;
}
