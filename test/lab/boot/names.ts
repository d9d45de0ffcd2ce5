/** What the checks look at inside, and boot.test.ts reports. */
export const sysv = [
  'it comes up with the machine',
  'nothing of root is left in any thread',
  'start of what runs changes nothing',
  'a simulation goes on through a stop and a start',
  'a simulation goes on through a restart, and through a server that is killed',
  'a pid file that nobody removed is known for what it is',
  'reload opens the log anew',
  'a port that somebody else has is a failed start, whoever answers there',
  'a user who does not exist is a program that is not configured',
  'force-stop ends simulations when their ambient file is free, and start goes on with them',
  'its answers have the numbers of LSB',
  'the shell of busybox does as well',
  'going down ends simulations before init signals anybody',
  'after the reboot a job goes on where it was',
  'a project on a file system that is mounted at boot goes on',
  'a project that is not mounted is said to be missing, and goes on when it is there',
] as const;

export const systemd = [
  'it comes up with the machine, and is ready when it serves',
  'no unit has failed, and systemd-analyze verify has nothing to say',
  'nothing of root is left in any thread',
  'systemd is told what runs',
  'the journal has what the log has, warnings as warnings',
  'reload opens the logs anew',
  'a port that somebody else has is a failed start, whoever answers there',
  'a user who does not exist is a failed start',
  'without a log that can be written it serves, and the journal says so',
  'a server that hangs is started anew',
  'a simulation goes on through a restart, a stop and a start',
  'a server that crashes or is killed comes back to its simulation',
  'a procwrap that is killed comes back, and the simulation goes on where it was',
  'stopping the target ends simulations when their ambient file is free, and start goes on with them',
  'going down ends simulations before anybody is signalled',
  'after the reboot a job goes on where it was',
  'a project whose file system is mounted late is waited for',
  'a project that is not mounted is said to be missing, and goes on when it is there',
] as const;

/** On both. */
export const packaged = [
  'it is installed, and serves',
  'an upgrade keeps settings and state, and simulations run on',
  'removing it ends simulations when their ambient file is free, and keeps settings and state',
  'a machine from which it was removed comes up without complaint',
  'installed again, it goes on where it was',
  'purging it leaves projects, and nothing of its own',
  'purging it leaves not even its home where nobody has put anything',
] as const;
