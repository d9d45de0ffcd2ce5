import type { Log } from './listener.ts';

/** Lines at once, and milliseconds until one more may be said. */
const atOnce = 50;
const oneMoreMs = 1000;

/** A log for what strangers cause: a flood of lines becomes some lines and a count. */
export function thinned(log: Log, now: () => number = () => performance.now()): Log {
  let room = atOnce;
  let since = now();
  let unsaid = 0;
  return (level, text) => {
    room = Math.min(atOnce, room + (now() - since) / oneMoreMs);
    since = now();
    if (room < 1) {
      unsaid += 1;
      return;
    }
    room -= 1;
    if (unsaid > 0) log('warn', `${unsaid} more lines of requests that were turned away are left out`);
    unsaid = 0;
    log(level, text);
  };
}
