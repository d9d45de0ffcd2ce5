import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Attempt, type Facts, perl } from '../attempt.ts';

/** Whether there is more in the other project than there was. */
const strewn = ({ other }: Facts): boolean => {
  const strange = readdirSync(other).filter((name) => name !== 'secret.txt');
  for (const name of strange) rmSync(join(other, name), { recursive: true });
  return strange.length > 0;
};

const gone = (path: (facts: Facts) => string) => (facts: Facts) => {
  const isThere = existsSync(path(facts));
  rmSync(path(facts), { force: true });
  return isThere;
};

const fill = (path: string) =>
  `head -c 64000000 /dev/zero > ${path}; test "$(stat -c %s ${path})" -ge 64000000 && echo taken; rm -f ${path}`;

/** Attempts to change what is not the project's, and to use up what all share. */
export const writing: readonly Attempt[] = [
  {
    from: 'writing into another project',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ other }) => `echo here > ${other}/strange`,
    trace: strewn,
  },
  {
    from: 'writing into another project through a link',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ other }) => `ln -s ${other} beside; echo here > beside/strange; rm beside`,
    trace: strewn,
  },
  {
    from: 'putting another project in the place of its own',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ project, other }) =>
      `mv ${project} ${project}.away && ln -s ${other} ${project} && echo taken && rm ${project} && mv ${project}.away ${project}`,
  },
  {
    from: 'making its log be written elsewhere',
    by: 'job',
    otherwise: 'refused',
    tries: ({ other }) => `mv logfiles away; ln -s ${other} logfiles; echo said; sleep .3`,
    trace: strewn,
  },
  {
    from: 'making its number be written elsewhere',
    by: 'job',
    otherwise: 'refused',
    tries: ({ other }) => `mv proc away; ln -s ${other} proc; sleep .3`,
    trace: strewn,
  },
  {
    from: 'making its pictures be written elsewhere',
    by: 'scene',
    otherwise: 'refused',
    tries: ({ other }) => `rm -rf images; ln -s ${other} images`,
    trace: strewn,
  },
  {
    from: 'making its pictures be written elsewhere while it is planned',
    by: 'plan',
    otherwise: 'refused',
    tries: ({ other }) => `rm -rf images octrees; ln -s ${other} images; ln -s ${other} octrees`,
    trace: strewn,
  },
  {
    from: 'changing the settings of the daemon',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ home }) => `echo "# changed" >> ${home}/config/rayserver.yaml && echo taken`,
  },
  {
    from: 'leaving something in the host’s /tmp',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ temporary }) => `echo here > ${temporary}.left`,
    trace: gone(({ temporary }) => `${temporary}.left`),
  },
  {
    from: 'leaving something in the home of its user',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => 'echo here > "$HOME/left"',
    trace: gone(({ home }) => `${home}/left`),
  },
  {
    from: 'writing into a library that it may read',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ library }) => `test -r ${library}/material.rad && echo here > ${library}/strange`,
    trace: gone(({ library }) => `${library}/strange`),
  },
  {
    from: 'making that library writable',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls, library }) =>
      perl(`print "taken" if syscall(${calls.mount}, "none", "${library}", "none", 0x1020, 0) == 0`),
  },
  {
    from: 'taking away what hides others',
    by: 'job',
    otherwise: 'refused',
    tries: ({ calls }) =>
      perl(`for (qw(/tmp /proc /dev/shm)) { print "taken" if syscall(${calls.umount2}, $_, 2) == 0 }`),
  },
  {
    from: 'changing how it is cut off, through the kernel’s settings',
    by: 'job',
    otherwise: 'refused',
    tries: () =>
      'for f in kernel/core_pattern user/max_user_namespaces vm/drop_caches kernel/ns_last_pid; do echo 1 > /proc/sys/$f && echo taken $f; done; echo b > /proc/sysrq-trigger && echo taken',
  },
  {
    from: 'filling the host’s /tmp',
    by: 'scene',
    otherwise: 'succeeds',
    tries: ({ temporary }) => fill(`${temporary}.big`),
  },
  {
    from: 'filling the memory that files share',
    by: 'job',
    otherwise: 'succeeds',
    tries: ({ shared }) => fill(`${shared}.big`),
  },
  {
    from: 'filling the disk with the daemon’s home',
    by: 'job',
    otherwise: 'succeeds',
    tries: () => fill('"$HOME/big"'),
  },
  { from: 'filling the root', by: 'job', otherwise: 'refused', tries: () => fill('/big') },
  {
    from: 'taking more memory than it may',
    by: 'scene',
    otherwise: 'refused',
    tries: () => perl('my $x = "a" x 600000000; print "taken"'),
  },
  {
    from: 'opening more files than it may',
    by: 'job',
    otherwise: 'refused',
    tries: () => perl('my @f; for my $n (1 .. 1000) { open($f[$n], "<", "/dev/null") or exit } print "taken"'),
  },
  {
    from: 'leaving its memory behind as a core',
    by: 'job',
    otherwise: 'refused',
    tries: () => 'ulimit -c unlimited; sh -c "kill -SEGV \\$\\$"; ls core* && echo taken',
  },
];
