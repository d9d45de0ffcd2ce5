import { writeSync } from 'node:fs';
import log4js from 'log4js';
import type { LogFile } from './file.ts';
import { formatLine, type Level } from './layout.ts';

export interface LogOptions {
  readonly file: LogFile;
  /** The word before the process id: `rayserver`, `procwrap`. */
  readonly program: string;
  /** Say the same on standard output, and warnings and errors on standard error. */
  readonly terminal: boolean;
}

export type Tell = (level: Level, text: string) => void;

export interface Log {
  /** To the file, and to the terminal if there is one. */
  readonly tell: Tell;
  /** To the file only. */
  readonly note: Tell;
}

/** The log of this process: the file behind, the terminal in front. Every line is out when its call returns. */
export function openLog({ file, program, terminal }: LogOptions): Log {
  const toFile: log4js.AppenderFunction = (event) =>
    file.write(formatLine(event.startTime, program, event.pid, levelOf(event), textOf(event)));
  const toTerminal: log4js.AppenderFunction = (event) =>
    sayOnTerminal(levelOf(event) === 'info' ? 1 : 2, textOf(event));
  log4js.configure({
    appenders: { file: { type: appender(toFile) }, terminal: { type: appender(toTerminal) } },
    categories: {
      default: { appenders: terminal ? ['file', 'terminal'] : ['file'], level: 'info' },
      quiet: { appenders: ['file'], level: 'info' },
    },
    disableClustering: true,
  });
  return { tell: tellBy(log4js.getLogger()), note: tellBy(log4js.getLogger('quiet')) };
}

function tellBy(logger: log4js.Logger): Tell {
  return (level, text) => logger[level](text);
}

function appender(write: log4js.AppenderFunction): log4js.AppenderModule {
  return { configure: () => write };
}

function textOf(event: log4js.LoggingEvent): string {
  return event.data.map(String).join(' ');
}

function levelOf(event: log4js.LoggingEvent): Level {
  const name = event.level.levelStr;
  return name === 'ERROR' ? 'error' : name === 'WARN' ? 'warn' : 'info';
}

/**
 * Writes a line to standard output (1) or error (2), at once: the process may be replaced or ended next.
 * A terminal or reader that has gone away is no fault of the program.
 */
export function sayOnTerminal(fd: 1 | 2, text: string): void {
  const line = Buffer.from(`${text}\n`);
  for (let from = 0, tries = 0; from < line.length && tries < 100; ) {
    try {
      from += writeSync(fd, line, from);
    } catch (error) {
      // A reader that does not read: give it 100 chances, then go on without it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      tries++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
