/** What the daemon says, to the letter of its manual page. */
export const messages = {
  notOnThisPlatform: 'Daemon mode and user/group switching not available on this platform.',
  duplicate: (what: string): string => `Duplicate ${what} argument.`,
  exclusive: (option: string, earlier: string): string => `${option} and ${earlier} options are mutually exclusive.`,
  unknownOption: (option: string): string => `Unknown option "${option}".`,
  missing: (what: string, option: string): string => `Missing ${what} after "${option}".`,
  badMask: 'umask must be three digits between 0 and 7.',
  maskTooStrict: (mask: string): string =>
    `The umask ${mask} keeps the daemon itself from what it makes. Name one with -m that begins with 0, such as 002.`,
  badPort: 'port must be a number between 0 and 65535.',
  networkAddress: (address: string): string =>
    `Cannot listen on "${address}": without a certificate, which is not supported yet, the job port serves this machine only. From another machine use "rayctl --server ssh://HOST".`,
  notAnAddress: (address: string): string =>
    `"${address}" is not an address of this machine, such as 127.0.0.1 or ::1.`,
  ringSet: 'Unable to switch user with UV_USE_IO_URING set.',
  asRoot: 'Rayserver does not run simulations as root. Name another user with -u.',
  noRecord: (name: string, path: string): string => `No record for host "${name}" in ${path}.`,
  clientOnly: (name: string, path: string): string =>
    `Host "${name}" has 0 processors in ${path}: it is declared as a client only.`,
  runningAsUser: (name: string, uid: number): string => `Rayserver running as user "${name}" (${uid}).`,
  runningAsGroup: (name: string, gid: number): string => `Rayserver running as group "${name}" (${gid}).`,
  switching: (pid: number): string => `Rayserver ${pid} switching to daemon mode.`,
  channel: (identity: string): string => `render_server: adding channel <render_server  at ${identity}>`,
  started: (port: number): string => `render_server: Async Rayfront Server started on port ${port}`,
  running: (pid: number): string => `Rayserver ${pid} running.`,
  socketError: (errno: number, text: string): string => `Socket Error: (${errno}, '${text}')`,
  retrying: (seconds: number): string => `retrying in ${seconds} secs...`,
  userInterrupt: '*User Interrupt*',
  systemExit: '*System Exit*',
  caughtSignal: (signal: number): string => `*System Exit* (caught signal ${signal})`,
  internalError: (pid: number): string => `Rayserver ${pid} internal error. Restarting.`,
  lastInternalError: (pid: number): string => `Rayserver ${pid} internal error. Not restarting any more.`,
  notBuilt: (why: string, version: string, top: string): string =>
    `The native module posix does not load: ${why}. Build it for this Node.js (${version}): cd ${top} && npm rebuild posix`,
  unreadable: (user: string, path: string): string =>
    `User "${user}" cannot read the program: ${path} is closed to others. Open it ("chmod o+rX ${path}"), or install the program where everybody can read it, such as /opt.`,
  homeNotWritable: (home: string, user: string, group: string, why: string): string =>
    `Home not writable for user "${user}": ${home} (${why}). Give it to that user ("chown -R ${user}:${group} ${home}"), or name another with --home.`,
  inTheWay: (path: string): string => `${path} is in the way and is not a socket. Move it away.`,
  homeInUse: (home: string): string => `Another Rayserver uses the home ${home}. Stop it, or name another with --home.`,
  pidFile: (path: string, why: string): string => `Cannot write the pid file ${path}: ${why}.`,
  diedEarly: (log: string): string => `Rayserver ended before it was ready. See ${log}.`,
  logNotWritable: (path: string, why: string): string => `Cannot write the log ${path}: ${why}.`,
  otherPort: (asked: number, given: number): string =>
    `Cannot bind port ${asked}: the service manager has bound port ${given} for this daemon. Name that one, or none.`,
  strangeSocket: (name: string): string =>
    `Cannot use the socket "${name}" of the service manager: expected one TCP socket and one Unix socket that listen, or one of the two.`,
  noSignOfLife: (why: string): string =>
    `The store does not answer (${why}): the service manager gets no sign of life until it does.`,
  notByHand: 'This part of the program is started by rayserver. Start that instead.',
} as const;
