import { type Attempt, perl } from '../attempt.ts';

/** Attempts to read what is not the project's. */
export const reading: readonly Attempt[] = [
  {
    from: 'reading the token while it is planned',
    by: 'plan',
    otherwise: 'succeeds',
    tries: ({ home }) => `cat ${home}/config/token`,
  },
  {
    from: 'reading the token while it runs',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ home }) => `cat ${home}/config/token`,
  },
  {
    from: 'reading the token by a way through its parent',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => 'cat ../home/config/token',
  },
  {
    from: 'reading the token through a link in the project',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ home }) => `ln -s ${home}/config/token token; cat token; rm token`,
  },
  {
    from: 'reading the token through a second name in the project',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ home }) => `ln ${home}/config/token token && cat token; rm -f token`,
  },
  {
    from: 'reading the token by way of its own root and working directory',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ home }) => `cat /proc/self/root${home}/config/token /proc/self/cwd/../home/config/token`,
  },
  {
    from: 'reading the state of the farm',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ home }) => `grep -rlaq "SQLite format" ${home} && echo taken`,
  },
  {
    from: 'reading the log of the daemon',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ home }) => `grep -rq procwrap ${home}/srvlogs && echo taken`,
  },
  {
    from: 'reading another project while it is planned',
    by: 'plan',
    otherwise: 'succeeds',
    tries: ({ other }) => `cat ${other}/secret.txt`,
  },
  {
    from: 'reading another project by a relative way',
    by: 'scene',
    otherwise: 'succeeds',
    tries: () => 'cat ../other/secret.txt',
  },
  {
    from: 'reading another project through a link',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ other }) => `ln -s ${other} beside; cat beside/secret.txt; rm beside`,
  },
  {
    from: 'reading another project through a second name',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ other }) => `ln ${other}/secret.txt hard && cat hard; rm -f hard`,
  },
  {
    from: 'finding out which projects there are',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => 'ls .. | grep -qx other && echo taken',
  },
  {
    from: 'reading what lies in the host’s /tmp',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ temporary }) => `cat ${temporary}`,
  },
  {
    from: 'reading what lies in the host’s /dev/shm',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ shared }) => `cat ${shared}`,
  },
  {
    from: 'reading a key in the home of its user',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => 'cat "$HOME/id"',
  },
  {
    from: 'reading the memory that others share',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ key }) => perl(`my $id = shmget(${key}, 64, 0); shmread($id, my $it, 0, 64); print $it`),
  },
  {
    from: 'taking a message out of a queue of others',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ key }) => perl(`my $id = msgget(${key}, 0); msgrcv($id, my $it, 64, 0, 04000); print $it`),
  },
  {
    from: 'opening files by their numbers',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls }) =>
      perl(
        `open(my $d, "<", "."); my $handle = pack("LlQ", 8, 1, 2); print "taken" if syscall(${calls.open_by_handle_at}, fileno($d), $handle, 0) >= 0`,
      ),
  },
  {
    from: 'finding a directory of ours among its open files',
    by: 'job',
    otherwise: 'refused',
    tries: () => 'for f in /proc/self/fd/*; do test -d "$f" && echo taken "$f"; done',
  },
];
