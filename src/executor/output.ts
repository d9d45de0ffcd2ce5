import { StringDecoder } from 'node:string_decoder';
import type { Step } from '../model/task.ts';
import { radiance, understandingOf } from '../renderers/programs.ts';
import { lastLine, noLines, takeLines } from '../renderers/radiance/progress.ts';
import type { Understanding } from '../renderers/understanding.ts';
import type { Clock } from './clock.ts';
import type { Ending } from './run.ts';
import type { SimulationLog } from './simulation-log.ts';

const LAST_LINES = 20;
const MOST_WARNINGS = 20;
/** Lines that are understood of one portion, which has 64 KB at most: whoever says so much in so few words means little. */
const MOST_LINES = 2000;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** Progress is told at most this often, ms. */
const BETWEEN_REPORTS = 250;

/** What one program says while it runs: all of it goes to the log, some of it is understood. */
export class Output {
  readonly #program: string;
  readonly #understanding: Understanding;
  readonly #log: SimulationLog;
  readonly #clock: Clock;
  readonly #progressed: (fraction: number) => void;
  readonly #lines = { out: new Splitter(), err: new Splitter() };
  readonly #warnings = new Set<string>();
  /** The last ones, and up to as many before them. */
  readonly #last: string[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(
    { program, step }: { program: string; step: Step },
    log: SimulationLog,
    clock: Clock,
    progressed: (fraction: number) => void,
  ) {
    this.#program = program;
    this.#understanding = step === 'frame' ? understandingOf(program) : radiance;
    this.#log = log;
    this.#clock = clock;
    this.#progressed = progressed;
  }

  /** Settles when the log has it. */
  hear(stream: 'out' | 'err', portion: Buffer): Promise<void> {
    for (const line of this.#lines[stream].push(portion)) this.#understand(line);
    return this.#log.write(portion);
  }

  /** What the program's end means; nothing more is heard after that. */
  judge(ending: Ending, outputEmpty: boolean | null): { reason: string | null; warnings: string[] } {
    for (const line of [...this.#lines.out.end(), ...this.#lines.err.end()]) this.#understand(line);
    const end = { program: this.#program, ...ending, lastLines: this.lastLines(), outputEmpty };
    const reason = this.#understanding.failureOf(end);
    return { reason, warnings: [...this.#warnings] };
  }

  /** The end of what it said, without progress reports. */
  lastLines(): string[] {
    return this.#last.slice(-LAST_LINES).map((line) => line.slice(0, 1000));
  }

  #understand(line: string): void {
    const fraction = this.#understanding.progressOf(line);
    if (fraction !== null) {
      const now = this.#clock.passed();
      if (now - this.#toldAt < BETWEEN_REPORTS && fraction < 1) return;
      this.#toldAt = now;
      this.#progressed(fraction);
      return;
    }
    if (line.trim() === '') return;
    this.#last.push(line);
    if (this.#last.length === 2 * LAST_LINES) this.#last.splice(0, LAST_LINES);
    const warning = this.#understanding.warningOf(line);
    if (warning !== null && this.#warnings.size < MOST_WARNINGS) this.#warnings.add(warning.slice(0, 1000));
  }
}

/** Lines of a stream of bytes; of each portion the last ones. */
class Splitter {
  #decoder = new StringDecoder('utf8');
  #state = noLines;

  push(portion: Buffer): string[] {
    const from = lastLinesAt(portion, MOST_LINES);
    if (from > 0) {
      this.#decoder = new StringDecoder('utf8');
      this.#state = noLines;
    }
    const { lines, state } = takeLines(this.#state, this.#decoder.write(portion.subarray(from)));
    this.#state = state;
    return lines;
  }

  end(): string[] {
    const lines = [...this.push(Buffer.from(this.#decoder.end())), ...lastLine(this.#state)];
    this.#state = noLines;
    return lines;
  }
}

/** Where the last `most` lines begin that end in these bytes; 0 if there are no more. To make text of all is dear. */
function lastLinesAt(bytes: Buffer, most: number): number {
  let lines = 0;
  for (let at = bytes.length - 1; at >= 0; at--) {
    const byte = bytes[at];
    if (byte !== NEWLINE && byte !== RETURN) continue;
    if (lines === most) return at + 1;
    lines += 1;
    if (byte === NEWLINE && bytes[at - 1] === RETURN) at -= 1;
  }
  return 0;
}
