/**
 * The signals that end a Unix program unless it says otherwise, as far as a Node program can hear them. (KILL and STOP
 * cannot be heard, nor can real-time signals; SEGV, BUS, FPE, ILL and ABRT come from damage, after which nothing of
 * ours may run; Node ignores PIPE.)
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
  'SIGPROF',
  'SIGIO',
  'SIGPWR',
  'SIGSYS',
] as const satisfies readonly NodeJS.Signals[];
