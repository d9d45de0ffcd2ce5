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
] as const;
