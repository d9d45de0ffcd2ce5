import log4js from 'log4js';
import type { LogFile } from './file.ts';
import { escapeControls, formatLine, type Level } from './layout.ts';
import { goesToJournal, sayOnTerminal } from './terminal.ts';

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
  /** To the file, and to the journal of the system if that is in front; a person at a terminal is spared it. */
  readonly note: Tell;
}

/** The log of this process: the file behind, the terminal in front. Every line is out when its call returns. */
export function openLog({ file, program, terminal }: LogOptions): Log {
  const toFile: log4js.AppenderFunction = (event) =>
    file.write(formatLine(event.startTime, program, event.pid, levelOf(event), textOf(event)));
  const toTerminal: log4js.AppenderFunction = (event) => sayInFront(levelOf(event), textOf(event));
  log4js.configure({
    appenders: { file: { type: appender(toFile) }, terminal: { type: appender(toTerminal) } },
    categories: {
      default: { appenders: terminal ? ['file', 'terminal'] : ['file'], level: 'info' },
      quiet: { appenders: terminal && goesToJournal(1) ? ['file', 'terminal'] : ['file'], level: 'info' },
    },
    disableClustering: true,
  });
  return { tell: tellBy(log4js.getLogger()), note: tellBy(log4js.getLogger('quiet')) };
}

/** A line of the journal is one, as in the file, whatever is in it. */
function sayInFront(level: Level, text: string): void {
  const fd = level === 'info' ? 1 : 2;
  sayOnTerminal(fd, goesToJournal(fd) ? escapeControls(text) : text, level);
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
