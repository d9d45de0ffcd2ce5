import { constants } from 'node:os';
import { unblockSignals } from '../unix/native.ts';
import { endingSignals } from '../unix/signals.ts';
import { messages } from './messages.ts';

export interface Ending {
  readonly message: string;
  readonly status: number;
}

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
  unblockSignals();
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
