import { type Attempt, perl } from '../attempt.ts';

/** Attempts at processes of others, and to outlive its own end. */
export const processes: readonly Attempt[] = [
  {
    from: 'seeing the arguments of others',
    by: 'scene',
    otherwise: 'succeeds',
    tries: () => 'cat /proc/[0-9]*/cmdline',
  },
  {
    from: 'reading the environment of others',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => 'cat /proc/[0-9]*/environ',
  },
  {
    from: 'reading a file that another process has open',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ bystander }) => `cat /proc/${bystander}/fd/9`,
  },
  {
    from: 'walking through the working directory of others',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => 'cat /proc/[0-9]*/cwd/secret.txt',
  },
  {
    from: 'walking through the root of others',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ other }) => `for root in /proc/[0-9]*/root; do cat $root${other}/secret.txt; done`,
  },
  {
    from: 'reading the memory of others',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ calls, bystander, address }) =>
      perl(
        `my $it = " " x 64; my $to = pack("PJ", $it, 64); my $of = pack("JJ", ${address}, 64); syscall(${calls.process_vm_readv}, ${bystander}, $to, 1, $of, 1, 0); print $it`,
      ),
  },
  {
    from: 'tracing others',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ calls, bystander }) =>
      perl(
        `if (syscall(${calls.ptrace}, 16, ${bystander}, 0, 0) == 0) { print "taken"; waitpid(${bystander}, 0x40000000); syscall(${calls.ptrace}, 17, ${bystander}, 0, 0) }`,
      ),
  },
  {
    from: 'reading the memory of the daemon',
    by: 'job',
    otherwise: 'refused',
    tries: ({ server }) => `(: < /proc/${server}/mem) && echo taken`,
  },
  {
    from: 'reading the environment of the control process',
    by: 'job',
    otherwise: 'refused',
    tries: ({ procwrap }) => `(: < /proc/${procwrap}/environ) && echo taken`,
  },
  {
    from: 'taking the files of the spawner',
    by: 'job',
    otherwise: 'refused',
    tries: ({ spawner }) => `ls -l /proc/${spawner}/fd | grep -q socket && echo taken`,
  },
  {
    from: 'signalling the daemon',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ server }) => `kill -CONT ${server} && echo taken`,
  },
  {
    from: 'signalling the control process',
    by: 'plan',
    otherwise: 'succeeds',
    tries: ({ procwrap }) => `kill -CONT ${procwrap} && echo taken`,
  },
  {
    from: 'signalling the spawner',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ spawner }) => `kill -CONT ${spawner} && echo taken`,
  },
  {
    from: 'signalling others of its user',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ bystander }) => `kill -CONT ${bystander} && echo taken`,
  },
  {
    from: 'slowing others down',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ bystander }) => `renice -n 15 -p ${bystander} > /dev/null && echo taken`,
  },
  {
    from: 'ending its own cell',
    by: 'job',
    otherwise: 'refused',
    tries: () => 'kill -KILL 1 && sleep .2 && ! kill -0 1 && echo taken',
  },
  {
    from: 'ending everything that it can reach',
    by: 'job',
    otherwise: 'harmful',
    tries: ({ server }) => `kill -KILL -1; kill -CONT ${server} && echo taken`,
  },
  {
    from: 'making more processes than it may',
    by: 'scene',
    otherwise: 'refused',
    tries: () =>
      perl(
        'my $n = 0; while ($n < 400) { my $p = fork; last if !defined $p; if (!$p) { sleep 20; exit } $n++ } print "taken" if $n >= 400',
      ),
  },
  {
    from: 'staying on in a session of its own',
    by: 'scene',
    otherwise: 'refused',
    tries: () => 'setsid sh -c "exec sleep 4321" > /dev/null 2>&1 &',
  },
  {
    from: 'staying on without marks, parents and environment',
    by: 'job',
    otherwise: 'refused',
    tries: () => '(setsid env -i /bin/sh -c "ulimit -x 1; (exec sleep 4321) &" > /dev/null 2>&1 &)',
  },
];
