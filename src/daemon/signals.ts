import { constants } from 'node:os';
import { messages } from './messages.ts';

export interface Ending {
  readonly message: string;
  readonly status: number;
}

/**
 * The signals that end a Unix program unless it says otherwise, as far as a Node program can hear them. (KILL and STOP
 * cannot be heard; SEGV, BUS, FPE, ILL and ABRT come from damage, after which nothing of ours may run.)
 */
export const endingSignals = [
  'SIGINT',
  'SIGQUIT',
  'SIGTRAP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGSTKFLT',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
] as const satisfies readonly NodeJS.Signals[];

/** How a signal ends the daemon: interrupted and terminated are orderly, the others count as the shell counts them. */
export function endingBy(signal: NodeJS.Signals): Ending {
  if (signal === 'SIGINT') return { message: messages.userInterrupt, status: 0 };
  const number = constants.signals[signal];
  return { message: messages.caughtSignal(number), status: signal === 'SIGTERM' ? 0 : 128 + number };
}

/** Calls back for each ending signal, and for HUP if it is handled; the returned function takes it back. */
export function watchSignals(ended: (ending: Ending) => void, hangUp?: () => void): () => void {
  const listeners: [NodeJS.Signals, () => void][] = endingSignals
    .filter((signal) => constants.signals[signal] !== undefined)
    .map((signal) => [signal, () => ended(endingBy(signal))]);
  if (hangUp !== undefined) listeners.push(['SIGHUP', hangUp]);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
