import { quoted } from '../model/shell-word.ts';
import type { Finding, Question } from '../protocol/inner.ts';
import { systemAccounts } from '../unix/accounts.ts';
import { givenGroup } from '../unix/control-group.ts';
import { examinePath } from './examine-directory.ts';
import { examineLocations } from './examine-locations.ts';
import type { Host } from './host.ts';
import { radianceVersion } from './installation.ts';
import { editSettings, installRadiance, restart } from './mends.ts';
import { spawnerInUse } from './run.ts';
import { containmentFinding } from './sandbox/finding.ts';
import { limitsFinding } from './sandbox/limits-finding.ts';

/**
 * Looks at this host, at its locations, and at `directory` as a project, or an ambient file, if one is named. Each
 * finding has the command that mends it.
 */
export async function examine(
  { directory, mend, locations }: Omit<Extract<Question, { ask: 'examine' }>, 'ask'>,
  host: Host,
): Promise<Finding[]> {
  const { settings, home, containment } = host;
  const contained = await containmentFinding(settings.services, home, () => containment.look());
  const limits = spawnerInUse();
  const findings = [
    await radiance(host),
    user(),
    umask(host),
    contained,
    ...(limits ? [limitsFinding(limits, givenGroup())] : []),
    ...(await examineLocations(locations)),
  ];
  if (directory !== null) findings.push(...(await examinePath(directory, mend, host.home, host.locks)));
  return findings;
}

async function radiance({ installation, env, home, settings }: Host): Promise<Finding> {
  const what = 'Radiance';
  if (!installation.found) {
    return {
      what,
      level: 'error',
      says: `Not found: ${installation.says}.`,
      mend: settings.radiance === null ? installRadiance() : editSettings(home),
    };
  }
  const { rpict, directory } = installation;
  const version = await radianceVersion(rpict, env);
  if (version === null) {
    return {
      what,
      level: 'error',
      says: `${rpict} does not run: "rpict -version" fails.`,
      mend: `${quoted(rpict)} -version`,
    };
  }
  if (directory === null && !env['RAYPATH']?.split(':').some((entry) => entry !== '.')) {
    return {
      what,
      level: 'warning',
      says: `${version}, ${rpict}; RAYPATH does not name its library, so rpict may not find rayinit.cal.`,
      mend: restart(home, '# after: export RAYPATH=.:/usr/local/lib/ray, or wherever rayinit.cal lies'),
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

function umask({ home }: Host): Finding {
  const mask = process.umask();
  const text = mask.toString(8).padStart(3, '0');
  if ((mask & 0o070) === 0) return { what: 'umask', level: 'ok', says: `The umask is ${text}.`, mend: null };
  return {
    what: 'umask',
    level: 'warning',
    says: `The umask is ${text}: the group cannot change what simulations make.`,
    mend: restart(home, '-m 002'),
  };
}
