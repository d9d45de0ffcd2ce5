/** A setting, hosts file or home that cannot be used. The message reads `FILE:LINE: what was expected`. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The file at fault, or null where there is none. */
  readonly file: string | null;
  /** Counts from 1; null where the whole file is at fault. */
  readonly line: number | null;
  /** The message without file and line. */
  readonly sentence: string;

  constructor(file: string | null, line: number | null, sentence: string) {
    super([file, line].filter((part) => part !== null).join(':') + (file === null ? '' : ': ') + sentence);
    this.file = file;
    this.line = line;
    this.sentence = sentence;
  }
}

/** A text from a file as it may be shown on a terminal: quoted, cut at 80 characters, control characters escaped. */
export function shown(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  const safe = short.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Cs}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${safe}"`;
}
