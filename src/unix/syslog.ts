import { createRequire } from 'node:module';

/** One line to the system's log, for what our own log cannot take. Never throws: there may be no system log either. */
export function warnSyslog(text: string): void {
  try {
    const posix: typeof import('posix').default = createRequire(import.meta.url)('posix');
    posix.openlog('rayserver', { pid: true }, 'daemon');
    posix.syslog('warning', text);
    posix.closelog();
  } catch {
    // Nobody is left to tell.
  }
}
