import type { RunDeed } from '../model/task.ts';

/** The command as a person would type it, in one line. */
export function commandLine(deed: RunDeed): string {
  const words = [deed.program, ...deed.args].map(quoted);
  if (deed.stdin !== null) words.push('<', quoted(deed.stdin));
  if ('path' in deed.stdout) words.push('>', quoted(deed.stdout.path));
  if (deed.stdout.to === 'null') words.push('>', '/dev/null');
  return words.join(' ');
}

/** The word so that a shell reads it as it is. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./^-]+$/.test(word)) return word;
  if (/[\0-\x1f\x7f]/.test(word)) return `$'${word.replace(/[\\'\0-\x1f\x7f]/g, escaped)}'`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function escaped(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
