import { type Attempt, perl } from '../attempt.ts';

const call = (which: string) => perl(`my $fd = syscall(${which}); print "taken" if $fd >= 0`);

/** Attempts to be more than it is. */
export const privileges: readonly Attempt[] = [
  {
    from: 'being root through a setuid program',
    by: 'scene',
    otherwise: 'refused',
    tries: () => 'test "$(./setuid -u)" = 0 && echo taken',
  },
  {
    from: 'being root through sudo or su',
    by: 'job',
    otherwise: 'refused',
    tries: () => '(sudo -n id -u || su -c "id -u") < /dev/null | grep -qx 0 && echo taken',
  },
  {
    from: 'having capabilities',
    by: 'job',
    otherwise: 'refused',
    tries: () => 'grep -E "^Cap(Eff|Prm|Inh|Amb):" /proc/self/status | grep -q "[1-9a-f]$" && echo taken',
  },
  {
    from: 'getting capabilities in namespaces of its own',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ calls }) => perl(`print "taken" if syscall(${calls.unshare}, 0x10000000) == 0`),
  },
  {
    from: 'making a cell in its cell',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => 'bwrap --ro-bind / / --proc /proc true && echo taken',
  },
  {
    from: 'entering the namespaces of others',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls, bystander }) =>
      perl(
        `for my $p (1, ${bystander}) { for my $n (qw(user mnt pid net)) { open(my $f, "<", "/proc/$p/ns/$n") or next; print "taken" if syscall(${calls.setns}, fileno($f), 0) == 0 } }`,
      ),
  },
  {
    from: 'changing its root',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls }) => perl(`print "taken" if syscall(${calls.chroot}, ".") == 0`),
  },
  {
    from: 'turning its root around',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls }) => perl(`print "taken" if syscall(${calls.pivot_root}, ".", ".") == 0`),
  },
  {
    from: 'mounting a disk',
    by: 'scene',
    otherwise: 'refused',
    tries: ({ calls }) => perl(`mkdir "m"; print "taken" if syscall(${calls.mount}, "none", "m", "tmpfs", 0, 0) == 0`),
  },
  {
    from: 'making the node of a disk',
    by: 'scene',
    otherwise: 'refused',
    tries: ({ calls }) =>
      perl(
        `my $d = 0xfe00; for (0xfe00, 0x800, 0x103) { print "taken" if syscall(${calls.mknodat}, -100, "disk$_", 060600, $_) == 0 }`,
      ),
  },
  {
    from: 'opening a disk, the memory or the messages of the kernel',
    by: 'job',
    otherwise: 'refused',
    tries: () =>
      'for d in /dev/vd* /dev/sd* /dev/nvme* /dev/mem /dev/kmsg /dev/loop*; do (: < $d) && echo taken $d; done',
  },
  {
    from: 'using a device that everybody may',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => '(: <> /dev/ptmx) && echo taken',
  },
  {
    from: 'watching other programs’ performance',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls }) =>
      perl(
        `my $a = pack("LLQx112", 1, 128, 0); print "taken" if syscall(${calls.perf_event_open}, $a, -1, 0, -1, 0) >= 0`,
      ),
  },
  {
    from: 'loading a program into the kernel',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls }) =>
      perl(`my $a = pack("LLLLx112", 1, 4, 4, 1); print "taken" if syscall(${calls.bpf}, 5, $a, 72) >= 0`),
  },
  {
    from: 'loading a module',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls }) => perl(`my $x = "x"; print "taken" if syscall(${calls.init_module}, $x, 1, $x) == 0`),
  },
  {
    from: 'using the rings of the kernel',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ calls }) => perl(`my $a = "\\0" x 120; print "taken" if syscall(${calls.io_uring_setup}, 4, $a) >= 0`),
  },
  {
    from: 'handling the faults of the kernel',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ calls }) => call(`${calls.userfaultfd}, 1`),
  },
  {
    from: 'keeping something in the keyring of its user',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ calls }) =>
      perl(
        `my ($t, $d, $p) = ("user", "left$$", "it"); print "taken" if syscall(${calls.add_key}, $t, $d, $p, 2, -1) >= 0`,
      ),
  },
  {
    from: 'leaving its control group',
    by: 'job',
    otherwise: 'refused',
    tries: () =>
      'for g in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do echo 0 > $g && echo taken $g; done',
  },
];
