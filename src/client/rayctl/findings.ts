import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Finding } from '../../protocol/inner.ts';
import { quoteWord } from '../words.ts';

/** What doctor concludes from facts of this machine; pure, but for who the user is where nobody says. */

export const ok = (what: string, says: string): Finding => ({ what, level: 'ok', says, mend: null });
export const warning = (what: string, says: string, mend: string | null): Finding => ({
  what,
  level: 'warning',
  says,
  mend,
});
export const error = (what: string, says: string, mend: string | null): Finding => ({
  what,
  level: 'error',
  says,
  mend,
});

/** Owner, group and mode of a file; null: it is not there. `closed`: we may not look. */
export type FileFacts = { mode: number; uid: number; gid: number } | 'closed' | null;

export interface Person {
  uid: number;
  groups: readonly number[];
  /** Names the groups of this machine, where it can. */
  groupName: (gid: number) => string;
}

export function nodeFinding(version: string): Finding {
  const major = Number(/^v?(\d+)/.exec(version)?.[1] ?? 0);
  if (major >= 24) return ok('node', `Node ${version}.`);
  return error('node', `Node ${version} is too old: 24 is needed.`, 'scripts/setup');
}

/** People in one project need each other's files to be writable. @param mask as umask gives it */
export function umaskFinding(mask: number): Finding {
  const text = mask.toString(8).padStart(3, '0');
  if ((mask & 0o070) === 0) return ok('your umask', `Your umask is ${text}: the group may change your files.`);
  const says = `Your umask is ${text}: the group, and so the server, may not change the files that you make.`;
  return warning('your umask', says, 'echo umask 002 >> ~/.profile && umask 002');
}

export function homeFinding(path: string, facts: FileFacts): Finding {
  if (facts === null)
    return error('home', `There is no ${path}: no server has run here.`, `rayserver --home ${quoteWord(path)}`);
  if (facts === 'closed') return error('home', `${path} is closed to you.`, passMend(path));
  if (facts.mode & 0o002) {
    return error('home', `Everybody may write in ${path}.`, `chmod o-w ${quoteWord(path)}`);
  }
  return ok('home', `${path}.`);
}

/** The directory of the socket admits its group only. */
export function groupFinding(run: string, facts: FileFacts, person: Person, start: string): Finding {
  if (facts === null || facts === 'closed') {
    const mend = facts === null ? start : passMend(run);
    return warning('your group', `${run} cannot be looked at, so the group that may submit is not known.`, mend);
  }
  if (facts.mode & 0o007) return error('your group', `Everybody may enter ${run}.`, `chmod o-rwx ${quoteWord(run)}`);
  const group = person.groupName(facts.gid);
  if (person.uid === 0) return ok('your group', `You are root. The group ${group} may submit.`);
  if (person.uid === facts.uid)
    return ok('your group', `You are the server's own user. The group ${group} may submit.`);
  if (person.groups.includes(facts.gid)) return ok('your group', `You are in the group ${group}, which may submit.`);
  const says = `You are not in the group ${group}, which alone may submit.`;
  return error('your group', says, joinMend(group, person));
}

function joinMend(group: string, person: Person): string {
  return `sudo usermod -aG ${quoteWord(group)} ${quoteWord(nameOf(person))}   # then log in anew`;
}

/** Lets everybody pass through the directory, and see nothing of it. */
function passMend(path: string): string {
  return `sudo chmod o+x ${quoteWord(dirname(path))}`;
}

function nameOf(person: Person): string {
  try {
    return userInfo().username;
  } catch {
    return `#${person.uid}`;
  }
}

/** @param start the command that starts the server, which makes the token */
export function tokenFinding(
  file: string,
  facts: FileFacts,
  isReadable: boolean,
  start: string,
  person: Person,
): Finding {
  if (facts === null)
    return warning('token', `There is no ${file} yet: the server makes it at its first start.`, start);
  if (facts === 'closed' || !isReadable) {
    const mend = facts === 'closed' ? passMend(file) : joinMend(person.groupName(facts.gid), person);
    return warning('token', `You cannot read ${file}. You need it for HTTP only, not for the socket.`, mend);
  }
  if (facts.mode & 0o007) {
    return error('token', `Everybody on this machine may read ${file}.`, `chmod o-rwx ${quoteWord(file)}`);
  }
  if (facts.mode & 0o020) return warning('token', `The group may change ${file}.`, `chmod g-w ${quoteWord(file)}`);
  return ok('token', `${file} is readable to you and closed to others.`);
}

/** Who answers on the port of this machine. */
export type PortState = 'free' | 'rayserver' | 'stranger';

/**
 * @param serverRuns the server that is asked runs, and says that the port is its own
 * @param start the command that starts the server
 */
export function portFinding(port: number, state: PortState, serverRuns: boolean, start: string): Finding {
  const look = `sudo ss -ltnp 'sport = :${port}'   # who it is`;
  const other = `${start} --port ${port === 65535 ? port - 1 : port + 1}`;
  if (state === 'stranger') return error('port', `Another program holds port ${port}.`, serverRuns ? look : other);
  if (state === 'rayserver') {
    if (serverRuns) return ok('port', `The server answers on port ${port}.`);
    return warning('port', `The rayserver of another home answers on port ${port}.`, other);
  }
  if (!serverRuns) return ok('port', `Port ${port} is free.`);
  return error('port', `Nothing answers on port ${port}, which is to be the server's.`, look);
}

/** A location of this machine as the caller sees it, while no server can be asked. */
export function locationFinding(name: string, path: string, facts: FileFacts): Finding {
  const what = `location ${name}`;
  if (facts === null) return error(what, `There is no ${path}.`, `sudo install -d -m 2775 ${quoteWord(path)}`);
  if (facts === 'closed') return error(what, `${path} is closed to you.`, passMend(path));
  return ok(what, `${path}.`);
}

/** Directories of people who use Samba come without the group's write permission where its masks are not set. */
export function directoryFinding(path: string, facts: FileFacts | 'no directory'): Finding {
  const name = quoteWord(path);
  if (facts === null) return error('project', `No such project ${JSON.stringify(path)}.`, `mkdir -m 2775 ${name}`);
  if (facts === 'no directory')
    return error('project', `${path} is no directory.`, `rayctl doctor ${quoteWord(dirname(path))}`);
  if (facts === 'closed') return error('project', `${path} is closed to you.`, passMend(path));
  if ((facts.mode & 0o020) === 0) {
    return warning(
      'project',
      `The group may not write in ${path}, so a server of that group could not.`,
      `chmod g+ws ${name}`,
    );
  }
  return ok('project', `The group may write in ${path}.`);
}
