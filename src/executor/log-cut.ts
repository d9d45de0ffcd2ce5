/**
 * A log from whose middle something was left out. Places in a log are counted in all bytes that were ever written to it,
 * so that they mean the same however often it is cut: `head` bytes are there from the beginning, `leftOut` are gone,
 * and the rest follows the line that says so.
 */
export interface Cut {
  readonly head: number;
  readonly leftOut: number;
}

/** Stands between head and rest. */
export function leftOutLine(bytes: number): string {
  return `... ${bytes} bytes left out ...\n`;
}

/** Where the rest begins in the file. */
export function restAt({ head, leftOut }: Cut): number {
  return head + leftOutLine(leftOut).length;
}

/** More than {@link noted} adds to a line, bytes. */
export const longestNote = 100;

/** The last line of a log that was cut: no program writes there, so that it can be believed. */
export function noted(line: string, { head, leftOut }: Cut): string {
  return line.replace(/\n$/, `, ${leftOut} bytes left out after byte ${head}\n`);
}

/** The cut that the end of a log notes. */
export function cutNotedIn(end: string): Cut | null {
  const [, leftOut, head] = /Z, (\d{1,15}) bytes left out after byte (\d{1,15})\n$/.exec(end) ?? [];
  return head === undefined ? null : { head: Number(head), leftOut: Number(leftOut) };
}

/** The cut of a log that was never brought to its end, because its writer was killed. */
export function cutSeenIn(text: string): Cut | null {
  const found = /^\.\.\. (\d{1,15}) bytes left out \.\.\.$/m.exec(text);
  return found ? { head: found.index, leftOut: Number(found[1]) } : null;
}
