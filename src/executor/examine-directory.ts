import {
  accessSync,
  closeSync,
  constants,
  type Dirent,
  lstatSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { LockProbe } from '../ambient/probe.ts';
import { quoted } from '../model/shell-word.ts';
import type { Finding } from '../protocol/inner.ts';
import { systemAccounts } from '../unix/accounts.ts';
import { O_PATH, openUnlinked } from '../unix/walk.ts';
import { examineAmbient, isNamed, type Mend } from './examine-ambient.ts';
import { closedParentMend, groupName } from './mends.ts';

/** Most files that are looked at. */
const MOST = 5000;
const DEEPEST = 4;

type Probe = Pick<LockProbe, 'look'>;

/** A project's directory as those see it who share it, or an ambient file: only such a one is mended if asked to. */
export async function examinePath(directory: string, mend: Mend, home: string, probe: Probe): Promise<Finding[]> {
  let stats: Stats;
  let real: string;
  try {
    stats = statSync(directory);
    real = realpathSync(directory);
  } catch (error) {
    return [unreachable(directory, mend, error as NodeJS.ErrnoException)];
  }
  const inHome = real === home || real.startsWith(`${home}/`);
  if (inHome)
    return [
      bad('directory', `${directory} lies in the home of rayserver; no project may.`, `mv ${quoted(directory)} ~/`),
    ];
  if (stats.isFile()) return [await examineAmbient(real, mend)];
  if (!stats.isDirectory())
    return [bad('directory', `${directory} is not a directory.`, `rayctl doctor ${quoted(dirname(directory))}`)];
  if (mend !== null) {
    const files = join(directory, 'ambfiles');
    return [bad('directory', `${directory} is no ambient file: only such a one is mended so.`, `ls ${quoted(files)}`)];
  }
  const seen = [ours(directory), shared(directory, stats), setgid(directory, stats), sharedFiles(directory)];
  return [...seen, await locks(real, probe)];
}

function ours(directory: string): Finding {
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return good('directory', `${directory} can be read and written.`);
  } catch {
    const mend = `chgrp -R ${quoted(groupName())} ${quoted(directory)} && chmod -R g+rwX ${quoted(directory)}`;
    return bad('directory', `${directory} cannot be read and written by the user of simulations.`, mend);
  }
}

function shared(directory: string, stats: Stats): Finding {
  const name = systemAccounts.group(stats.gid)?.name ?? String(stats.gid);
  const mine = [process.getgid?.(), ...(process.getgroups?.() ?? [])].includes(stats.gid);
  if (mine) return good('group', `${directory} belongs to group ${name}, as simulations do.`);
  const user = systemAccounts.user(process.getuid?.() ?? 0)?.name ?? 'ray';
  return warning(
    'group',
    `${directory} belongs to group ${name}, simulations do not.`,
    `sudo usermod -aG ${quoted(name)} ${quoted(user)}   # then start rayserver anew`,
  );
}

function setgid(directory: string, stats: Stats): Finding {
  if (stats.mode & 0o2000) return good('setgid', 'New files get the group of the directory.');
  const mend = `find ${quoted(directory)} -type d -exec chmod g+s {} +`;
  return warning('setgid', 'New files get the group of who makes them, not that of the directory.', mend);
}

/** Files that came without write permission for the group: mostly from Windows, through Samba with its own masks. */
function sharedFiles(directory: string): Finding {
  const found: string[] = [];
  let seen = 0;
  const look = (path: string, depth: number): void => {
    for (const entry of entriesOf(path)) {
      if (++seen > MOST) return;
      const below = join(path, entry.name);
      const stats = lstatSync(below, { throwIfNoEntry: false });
      if (!stats || entry.isSymbolicLink()) continue;
      if (!(stats.mode & 0o020)) found.push(below);
      if (entry.isDirectory() && depth < DEEPEST) look(below, depth + 1);
    }
  };
  look(directory, 1);
  const [first] = found;
  if (first === undefined) return good('files', 'Everything can be written by the group.');
  const says = `${found.length} ${found.length === 1 ? 'file or directory has' : 'files and directories have'} no write permission for the group, such as ${first}.`;
  const samba =
    'If they come through Samba, its smb.conf needs the lines "create mask = 664" and "directory mask = 775".';
  return warning('files', `${says} ${samba}`, `chmod -R g+rwX ${quoted(directory)}`);
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // A directory that we cannot read is found by its own missing permission.
    return [];
  }
}

/** Tried at this moment: whoever asks may just have mended them. */
async function locks(real: string, probe: Probe): Promise<Finding> {
  const fd = openUnlinked(real, O_PATH | constants.O_DIRECTORY);
  try {
    const { why, mend, mount } = await probe.look(fd);
    if (why !== null) return { what: 'locks', level: 'error', says: why, mend };
    const where = mount ? `${mount.point} (${mount.type})` : real;
    return good('locks', `File locks hold on ${where}: what one process holds, another one is refused.`);
  } finally {
    closeSync(fd);
  }
}

function good(what: string, says: string): Finding {
  return { what, level: 'ok', says, mend: null };
}

function warning(what: string, says: string, mend: string): Finding {
  return { what, level: 'warning', says, mend };
}

function bad(what: string, says: string, mend: string): Finding {
  return { what, level: 'error', says, mend };
}

function unreachable(directory: string, mend: Mend, error: NodeJS.ErrnoException): Finding {
  const shown = quoted(directory);
  switch (error.code) {
    case 'ENOENT':
      // A directory of such a name would be in the way of the file.
      if (mend !== null || isNamed(directory))
        return bad('ambient file', `${directory}: there is no such file.`, `ls -l ${quoted(dirname(directory))}`);
      return bad('directory', `${directory}: there is no such directory.`, `mkdir -m 2775 ${shown}`);
    case 'EACCES':
      return bad('directory', `${directory}: the user of simulations may not enter it.`, closedParentMend(directory));
    default:
      return bad('directory', `${directory}: ${error.message}.`, `ls -ld ${shown}`);
  }
}
