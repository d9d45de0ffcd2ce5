import { quoted } from '../model/shell-word.ts';
import type { RunDeed } from '../model/task.ts';

/** The command as a person would type it, in one line. */
export function commandLine(deed: RunDeed): string {
  const words = [deed.program, ...deed.args].map(quoted);
  if (deed.stdin !== null) words.push('<', quoted(deed.stdin));
  if ('path' in deed.stdout) words.push('>', quoted(deed.stdout.path));
  if (deed.stdout.to === 'null') words.push('>', '/dev/null');
  return words.join(' ');
}
