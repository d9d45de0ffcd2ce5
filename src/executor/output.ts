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
  #last: string[] = [];
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
    for (const line of this.#lines[stream].push(portion).slice(-MOST_LINES)) this.#understand(line);
    return this.#log.write(portion);
  }

  /** What the program's end means; nothing more is heard after that. */
  judge(ending: Ending, outputEmpty: boolean | null): { reason: string | null; warnings: string[] } {
    for (const line of [...this.#lines.out.end(), ...this.#lines.err.end()]) this.#understand(line);
    const end = { program: this.#program, ...ending, lastLines: this.#last, outputEmpty };
    const reason = this.#understanding.failureOf(end);
    return { reason, warnings: [...this.#warnings] };
  }

  /** The end of what it said, without progress reports. */
  lastLines(): string[] {
    return this.#last;
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
    this.#last = [...this.#last.slice(1 - LAST_LINES), line.slice(0, 1000)];
    const warning = this.#understanding.warningOf(line);
    if (warning !== null && this.#warnings.size < MOST_WARNINGS) this.#warnings.add(warning.slice(0, 1000));
  }
}

/** Lines of a stream of bytes. */
class Splitter {
  readonly #decoder = new StringDecoder('utf8');
  #state = noLines;

  push(portion: Buffer): string[] {
    const { lines, state } = takeLines(this.#state, this.#decoder.write(portion));
    this.#state = state;
    return lines;
  }

  end(): string[] {
    const lines = [...this.push(Buffer.from(this.#decoder.end())), ...lastLine(this.#state)];
    this.#state = noLines;
    return lines;
  }
}
