import { progressOf } from './progress.ts';

/** How a program of Radiance ended, and what that means. */
export interface Ending {
  readonly program: string;
  /** Exit status, null if a signal ended it. */
  readonly exit: number | null;
  /** Such as `SIGSEGV`, or null. */
  readonly signal: string | null;
  /** The end of what it wrote to its standard error. */
  readonly lastLines: readonly string[];
  /** Whether the file that it was to write is empty; null if it was to write none. */
  readonly outputEmpty: boolean | null;
}

/** The reason of a failure in one sentence, null if all went well. */
export function failureOf(ending: Ending): string | null {
  const { program, exit, signal, lastLines } = ending;
  if (exit === 0 && signal === null) {
    return ending.outputEmpty === true ? `${program} ended without an error but wrote nothing.` : null;
  }
  if (signal !== null) return signalSentence(program, signal);
  const said = lastLines.map((line) => line.trim()).filter((line) => line !== '' && progressOf(line) === null);
  if (exit === 127 && said.length <= 1) return `${program} was not found: name the Radiance directory in the settings.`;
  if (exit === 126 && said.length <= 1) return `${program} cannot be executed.`;
  const message = messageIn(said);
  if (message === null) return `${program} failed with exit status ${exit ?? 'unknown'} and said nothing.`;
  return knownSentence(program, message) ?? `${program} failed: ${ended(message)}`;
}

const crashes = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSYS', 'SIGTRAP'];

function signalSentence(program: string, signal: string): string {
  if (crashes.includes(signal)) return `${program} crashed (${signal}).`;
  if (signal === 'SIGKILL') return `${program} was killed (SIGKILL); the machine may have run out of memory.`;
  if (signal === 'SIGXCPU') return `${program} used up the processor time that it was allowed (SIGXCPU).`;
  if (signal === 'SIGXFSZ') return `${program} wrote more than a file may hold (SIGXFSZ).`;
  return `${program} was ended by a signal (${signal}).`;
}

/** The message that ended it: Radiance marks it; else the last that is no warning. */
function messageIn(said: readonly string[]): string | null {
  const marked = said.findLast((line) => /^(?:\S+: )?(?:fatal|system|internal|consistency|signal) - /.test(line));
  const line = marked ?? said.findLast((text) => warningOf(text) === null) ?? said.at(-1);
  return line?.replace(/^\S+: (?=\S)/, '').replace(/^(?:fatal|system|user) - /, '') ?? null;
}

function knownSentence(program: string, message: string): string | null {
  if (message.includes('"rayinit.cal"')) {
    return `${program} cannot find Radiance's own files (rayinit.cal): RAYPATH must name its lib directory.`;
  }
  if (message.includes('bad/incompatible ambient file')) {
    return `${program} cannot use the ambient file: it is empty, damaged or of another kind; remove it and try again.`;
  }
  if (removed.test(message)) return `The ambient file was removed while ${program} used it.`;
  if (noLocks.test(message)) {
    return `${program} cannot lock the ambient file: the project's file system has no working locks (${ended(message)})`;
  }
  if (/^signal - /.test(message)) return `${program} was ended by a signal (${message.slice('signal - '.length)}).`;
  if (/No space left on device/.test(message)) return `${program} failed: the file system of the project is full.`;
  if (/write error/.test(message)) return `${program} could not write: is the file system of the project full?`;
  return null;
}

function ended(message: string): string {
  const text = message.length > 300 ? `${message.slice(0, 299)}…` : message;
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

const removed = /fopen failed in ambsync: No such file/;
const damage = [removed, /ignoring last \d+ values/, /corrupted near character/, /bad\/incompatible ambient file/];
const noLocks = /cannot \(un\)lock ambient file/;

/** What a line says of a damaged ambient file, as a sentence; null if it says nothing of the kind. */
export function ambientDamage(line: string): string | null {
  const text = line.trim();
  return damage.some((pattern) => pattern.test(text)) ? ended(text) : null;
}

/** What a line warns of, worth telling with the result; null if it is no warning. */
export function warningOf(line: string): string | null {
  const text = line.trim();
  const found = /^(?:(\S+): )?warning - (.+)$/.exec(text);
  if (found !== null) return found[1] === undefined ? (found[2] ?? text) : `${found[1]}: ${found[2]}`;
  return [...damage, noLocks].some((pattern) => pattern.test(text)) ? text : null;
}
