import type { ServiceManager } from '../unix/service-manager.ts';

/** What one process of the daemon leaves to the next: front to server, and server to itself after an internal error. */
export interface Handover {
  readonly mode: 'foreground' | 'daemon';
  readonly home: string;
  /** This host's name, which the log has, too. */
  readonly host: string;
  /** False: a service manager keeps procwrap. */
  readonly startsProcwrap: boolean;
  /** The pid of a procwrap that is on its way already, or null. */
  readonly procwrap: number | null;
  /** Descriptor of the listening socket. */
  readonly listen: number;
  /** Descriptor of the Unix socket where the service manager has bound it, or null: the server makes it. */
  readonly submit: number | null;
  /** The port that it is bound to. */
  readonly port: number;
  /** Descriptor that waits for {@link Word}, or null: nobody waits. */
  readonly ready: number | null;
  /** The file of --pid-file, opened before the user was changed. */
  readonly pidFile: { readonly path: string; readonly fd: number } | null;
  readonly manager: ServiceManager;
  /** Internal errors until now, milliseconds since 1970. */
  readonly errors: readonly number[];
}

/** What the server tells the waiting front: that it serves, or why not. */
export type Word = { readonly ready: number } | { readonly failed: string };

/** One variable, so that `ps` stays readable; the server takes it out of its environment. */
const variable = 'RAYSERVER_HANDOVER';

/** daemonize-process marks its child with this; whoever has the mark already is not put into the background. */
const mark = '_DAEMONIZE_PROCESS';

export function withHandover(
  environment: Readonly<Record<string, string | undefined>>,
  handover: Handover,
): Record<string, string> {
  const kept = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { [mark]: _, ...others } = Object.fromEntries(kept);
  return { ...others, [variable]: JSON.stringify(handover) };
}

/** Takes it out of the environment; null: this process was not started by another of ours. */
export function takeHandover(environment: Record<string, string | undefined>): Handover | null {
  const text = environment[variable];
  delete environment[variable];
  delete environment[mark];
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isHandover(value) ? value : null;
  } catch {
    return null;
  }
}

function isHandover(value: unknown): value is Handover {
  if (typeof value !== 'object' || value === null) return false;
  const { mode, home, host, startsProcwrap, procwrap, listen, submit, port, ready, manager, errors } = value as Record<
    string,
    unknown
  >;
  return (
    (mode === 'foreground' || mode === 'daemon') &&
    typeof home === 'string' &&
    typeof host === 'string' &&
    typeof startsProcwrap === 'boolean' &&
    (procwrap === null || Number.isInteger(procwrap)) &&
    Number.isInteger(listen) &&
    (submit === null || Number.isInteger(submit)) &&
    Number.isInteger(port) &&
    (ready === null || Number.isInteger(ready)) &&
    typeof manager === 'object' &&
    manager !== null &&
    Array.isArray(errors) &&
    errors.every((time) => typeof time === 'number')
  );
}

export function writeWord(word: Word): string {
  return `${JSON.stringify(word)}\n`;
}

/** What the server said before it closed the pipe; null: nothing that is whole. */
export function readWord(text: string): Word | null {
  if (!text.endsWith('\n')) return null;
  try {
    const value = JSON.parse(text) as Partial<{ ready: number; failed: string }>;
    if (typeof value.ready === 'number') return { ready: value.ready };
    return typeof value.failed === 'string' ? { failed: value.failed } : null;
  } catch {
    return null;
  }
}
