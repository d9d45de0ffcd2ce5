import { basename } from 'node:path';
import { quoted } from '../../model/shell-word.ts';
import type { Finding } from '../../protocol/inner.ts';
import type { GivenGroup } from '../../unix/control-group.ts';
import { systemWords } from '../file-error.ts';
import { compileSpawner } from '../mends.ts';
import { type Groups, type Held, held } from '../spawner/messages.ts';
import type { SpawnerKind } from '../spawner/process.ts';

const what = 'containment';
/** What it means that simulations are not held to something as a whole. */
const without: Record<Held, string> = {
  'processor time': 'one that starts many processes gets more processor time than others',
  processes: '"limits.processes" holds for all of them together',
  memory: '"limits.memory" holds for each process only',
};
/** As the kernel calls what holds them. */
const controllers: Record<Held, string> = { 'processor time': 'cpu', processes: 'pids', memory: 'memory' };
const asked = 'Delegate=cpu memory pids';

/** Whether limits hold for a simulation as a whole, and how to get that. @param given the control group of procwrap */
export function limitsFinding(
  { kind, groups }: { readonly kind: SpawnerKind; readonly groups: Groups },
  given: GivenGroup | null,
): Finding {
  const missing = held.filter((one) => !groups.held.includes(one));
  if (missing.length === 0) {
    const says = 'Memory, processes and processor time are limited for each simulation as a whole (control groups).';
    return { what, level: 'ok', says, mend: null };
  }
  const { why, mend } = kind === 'node' ? noCompiler() : explain(missing, groups.errno, given);
  const says = `Simulations are not limited as a whole: ${missing.map((one) => without[one]).join('; ')}. ${why}.`;
  return { what, level: 'warning', says, mend };
}

interface Explained {
  /** A sentence without its stop. */
  readonly why: string;
  readonly mend: string;
}

function noCompiler(): Explained {
  return { why: 'The spawner that has control groups is a C program, which is not used here', mend: compileSpawner() };
}

function explain(missing: readonly Held[], errno: number, given: GivenGroup | null): Explained {
  if (given === null) {
    const why = 'Procwrap has no control group of version 2 (cgroups(7)) to divide';
    return { why, mend: 'stat -fc %T /sys/fs/cgroup   # cgroup2fs is wanted: systemd.unified_cgroup_hierarchy=1' };
  }
  const { path } = given;
  if (!given.isOurs)
    return { why: `The control group ${path} is not delegated to procwrap's user`, mend: delegate(path) };
  const absent = missing.map((one) => controllers[one]).filter((name) => !given.controllers.includes(name));
  if (absent.length > 0) {
    const mend = `cat ${quoted(path)}/cgroup.controllers   # wanted: ${asked}, and on the kernel's command line cgroup_enable=memory`;
    return { why: `The control group ${path} has no controller ${absent.join(' and no ')}`, mend };
  }
  const refused = errno === 0 ? 'it belongs to another manager' : systemWords(-errno);
  const why = `The controllers of the control group ${path} cannot be switched on: ${refused}`;
  return { why, mend: `cat ${quoted(path)}/cgroup.procs   # only processes of rayserver are wanted there` };
}

function delegate(path: string): string {
  const unit = basename(path);
  if (!unit.endsWith('.service')) return `sudo systemctl start rayserver.target   # its units have ${asked}`;
  const whose = /\/user@\d+\.service\/./.test(path) ? 'systemctl --user' : 'sudo systemctl';
  return `${whose} edit ${quoted(unit)}   # [Service] ${asked}; then restart it`;
}
