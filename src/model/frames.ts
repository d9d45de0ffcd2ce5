/** Frames: numbers that stand for `%d` in a command, such as `1-100:2,7,20-10:-1`. */

/** The most frames that one job may have. */
export const mostFrames = 1_000_000;

/** Frames are 32-bit numbers. */
const bound = 2 ** 31;

/** A list that is not understood; the message is a sentence. */
export class FramesError extends Error {
  override readonly name = 'FramesError';
}

/**
 * Each frame once, in the order first named. Ranges include both ends; a step may be negative, and is -1 by itself
 * where the range goes down.
 * @throws FramesError
 */
export function readFrames(list: string): Int32Array {
  const parts = list.split(',').map((part) => readRange(part.trim(), list));
  const count = parts.reduce((sum, part) => sum + countOf(part), 0);
  // Ranges may overlap; but nobody means to name so many frames several times.
  if (count > 2 * mostFrames || (parts.length === 1 && count > mostFrames)) throw tooMany();
  const frames = new Int32Array(count);
  let length = 0;
  for (const part of parts) {
    for (let at = countOf(part), frame = part.from; at > 0; at--, frame += part.step) frames[length++] = frame;
  }
  if (parts.length === 1) return frames;
  const once = Int32Array.from(new Set(frames));
  if (once.length > mostFrames) throw tooMany();
  return once;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function countOf({ from, to, step }: Range): number {
  return Math.floor((to - from) / step) + 1;
}

function tooMany(): FramesError {
  return new FramesError(`More than ${mostFrames} frames: use several jobs.`);
}

function readRange(part: string, list: string): Range {
  const [, first, last, by] = /^(-?\d{1,10})(?:-(-?\d{1,10})(?::(-?\d{1,10}))?)?$/.exec(part) ?? [];
  if (first === undefined) {
    throw new FramesError(`Frames are written like 1-100:2,7,20-10:-1; "${part}" in "${shortened(list)}" is not.`);
  }
  const from = Number(first);
  const to = last === undefined ? from : Number(last);
  const step = by === undefined ? (to < from ? -1 : 1) : Number(by);
  if (Math.abs(from) >= bound || Math.abs(to) >= bound) throw new FramesError(`Frame numbers are too large: ${part}.`);
  if (step === 0 || (to - from) * step < 0) throw new FramesError(`No frame is in ${part}: its step leads away.`);
  return { from, to, step };
}

function shortened(list: string): string {
  return list.length > 80 ? `${list.slice(0, 77)}...` : list;
}

/** Such as `1-3, 7`, of frames in any order; at most `parts` parts, then how many more there are. */
export function frameText(frames: Iterable<number>, parts = 20): string {
  const sorted = Int32Array.from(frames).sort();
  const ranges: string[] = [];
  let shown = 0;
  for (let at = 0; at < sorted.length && ranges.length < parts; at++) {
    const first = sorted[at] as number;
    while (sorted[at + 1] === (sorted[at] as number) + 1) at++;
    const last = sorted[at] as number;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
    shown = at + 1;
  }
  return shown < sorted.length ? `${ranges.join(', ')} and ${sorted.length - shown} more` : ranges.join(', ');
}

/** The argument for one frame: `%d` is its number, `%04d` with zeros in front to four characters, `%%` one `%`. */
export function withFrame(argument: string, frame: number): string {
  if (!argument.includes('%')) return argument;
  return argument.replace(/%(?:%|(?:0(\d{1,2}))?d)/g, (text, width: string | undefined) => {
    if (text === '%%') return '%';
    return width === undefined ? String(frame) : padded(frame, Number(width));
  });
}

/** As printf does: the sign counts. */
export function padded(frame: number, width: number): string {
  const digits = String(Math.abs(frame));
  return frame < 0 ? `-${digits.padStart(width - 1, '0')}` : digits.padStart(width, '0');
}
