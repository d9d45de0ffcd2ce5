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
