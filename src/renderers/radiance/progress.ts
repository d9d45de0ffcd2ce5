/** How far a simulation is, from the lines that it writes to its standard error. */

const rpict = /^\S+: \d+ rays, .*?([\d.]+)% after [\d.]+u [\d.]+s [\d.]+r hours on \S+ \(PID \d+\)$/;
const mkpmap = /^\d+ (?:emitted|precomputed).*?([\d.]+)% after [\d.]+u [\d.]+s [\d.]+r hours on /;
const rcontrib = /^(?:\S+: )?([\d.]+)% done after [\d.]+ hours$/;

/**
 * How far a line of rpict, mkpmap or rcontrib says that it is, 0 to 1; null if it does not say. mkpmap counts each of its
 * passes from 0.
 */
export function progressOf(line: string): number | null {
  const text = line.trimEnd();
  const percent = (rpict.exec(text) ?? mkpmap.exec(text) ?? rcontrib.exec(text))?.[1];
  const value = Number(percent ?? Number.NaN) / 100;
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : null;
}

/** Lines that come in pieces of any size. */
export interface LineState {
  /** The beginning of a line whose end has not come yet. */
  readonly begun: string;
}

export const noLines: LineState = { begun: '' };

/** Most characters that are kept of a line; the rest of it is dropped. */
export const longestKeptLine = 8192;

/**
 * Takes a piece; gives the lines that are complete now, without their ends. A carriage return ends a line, too: many
 * programs write their reports over each other.
 */
export function takeLines(state: LineState, piece: string): { lines: string[]; state: LineState } {
  const lines = piece.split(/\r\n|\r|\n/);
  const begun = lines.pop() ?? '';
  const [first] = lines;
  if (first === undefined) return { lines, state: { begun: cut(state.begun + cut(begun)) } };
  lines[0] = state.begun + first;
  return { lines: lines.map(cut), state: { begun: cut(begun) } };
}

/** The last line, if it has no end: to be asked for when nothing more comes. */
export function lastLine(state: LineState): string[] {
  return state.begun === '' ? [] : [state.begun];
}

function cut(line: string): string {
  return line.length > longestKeptLine ? line.slice(0, longestKeptLine) : line;
}
