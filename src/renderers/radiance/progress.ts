/** How far a simulation is, from the lines that it writes to its standard error. */

export interface Progress {
  /** 0 to 1. mkpmap counts each of its passes from 0. */
  readonly fraction: number;
  /** Rays traced so far, where the program says. */
  readonly rays?: number;
}

const rpict = /^\S+: (\d+) rays, .*?([\d.]+)% after [\d.]+u [\d.]+s [\d.]+r hours on \S+ \(PID \d+\)$/;
const mkpmap = /^(\d+) (?:emitted|precomputed).*?([\d.]+)% after [\d.]+u [\d.]+s [\d.]+r hours on /;
const rcontrib = /^(?:\S+: )?([\d.]+)% done after [\d.]+ hours$/;

/** The progress that a line of rpict, mkpmap or rcontrib reports; null if it reports none. */
export function progressOf(line: string): Progress | null {
  const text = line.trimEnd();
  const traced = rpict.exec(text);
  if (traced !== null) {
    const fraction = fractionOf(traced[2]);
    return fraction === null ? null : { fraction, rays: Number(traced[1]) };
  }
  const fraction = fractionOf(mkpmap.exec(text)?.[2] ?? rcontrib.exec(text)?.[1]);
  return fraction === null ? null : { fraction };
}

function fractionOf(percent: string | undefined): number | null {
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

/** Takes a piece; gives the lines that are complete now, without their ends. */
export function takeLines(state: LineState, piece: string): { lines: string[]; state: LineState } {
  const lines = piece.split('\n');
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
