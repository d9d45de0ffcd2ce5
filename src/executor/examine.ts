import type { Finding } from '../protocol/inner.ts';
import { systemAccounts } from '../unix/accounts.ts';
import { examineDirectory } from './examine-directory.ts';
import type { Host } from './host.ts';
import { radianceVersion } from './installation.ts';

/** Looks at this host, and at `directory` as a project if one is named. Each finding with the command that mends it. */
export async function examine(directory: string | null, host: Host): Promise<Finding[]> {
  const findings = [await radiance(host), user(), umask()];
  if (directory !== null) findings.push(...examineDirectory(directory, host.home));
  return findings;
}

async function radiance({ installation, env }: Host): Promise<Finding> {
  const what = 'Radiance';
  if (!installation.found) {
    return {
      what,
      level: 'error',
      says: `Not found: ${installation.says}.`,
      mend: 'scripts/setup (or name its directory in the setting "radiance" of config/rayserver.yaml)',
    };
  }
  const { rpict, directory } = installation;
  const version = await radianceVersion(rpict, env);
  if (version === null) {
    return { what, level: 'error', says: `${rpict} does not run: "rpict -version" fails.`, mend: 'scripts/setup' };
  }
  if (directory === null && !env['RAYPATH']?.split(':').some((entry) => entry !== '.')) {
    return {
      what,
      level: 'warning',
      says: `${version}, ${rpict}; RAYPATH does not name its library, so rpict may not find rayinit.cal.`,
      mend: 'export RAYPATH=.:/usr/local/lib/ray (where rayinit.cal lies) before rayserver starts',
    };
  }
  return { what, level: 'ok', says: `${version}, ${rpict}`, mend: null };
}

function user(): Finding {
  const uid = process.getuid?.() ?? 0;
  const name = systemAccounts.user(uid)?.name ?? String(uid);
  const groups = [process.getgid?.() ?? 0, ...(process.getgroups?.() ?? [])];
  const named = [...new Set(groups)].map((gid) => systemAccounts.group(gid)?.name ?? String(gid));
  const says = `Simulations run as ${name}, groups ${named.join(', ')}.`;
  if (uid === 0) return { what: 'user', level: 'error', says, mend: 'rayserver -u ray -g rfusers' };
  return { what: 'user', level: 'ok', says, mend: null };
}

function umask(): Finding {
  const mask = process.umask();
  const text = mask.toString(8).padStart(3, '0');
  if ((mask & 0o070) === 0) return { what: 'umask', level: 'ok', says: `The umask is ${text}.`, mend: null };
  return {
    what: 'umask',
    level: 'warning',
    says: `The umask is ${text}: the group cannot change what simulations make.`,
    mend: 'rayserver -m 002',
  };
}
