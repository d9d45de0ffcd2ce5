import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../../config/error.ts';
import { loadHosts, loadSettings } from '../../config/files.ts';
import type { Home } from '../../config/home.ts';
import type { Finding } from '../../protocol/inner.ts';
import { usualPort } from '../address.ts';
import { CalledWrongly, Refused, ServerUnreachable } from '../errors.ts';
import { isReadable } from '../find-server.ts';
import { RayserverClient } from '../rayserver-client.ts';
import { quoteWord } from '../words.ts';
import { statusOfError } from './exit.ts';
import * as findings from './findings.ts';
import type { Session } from './session.ts';
import { textWidth } from './table.ts';
import { safe } from './text.ts';

export interface DoctorOptions {
  readonly mend?: true;
  readonly keep?: true;
}

/** `rayctl doctor [PATH]`. @returns 0, or 1 if anything found is an error */
export async function doctor(session: Session, named: string | undefined, options: DoctorOptions): Promise<number> {
  const path = named === undefined ? null : resolve(session.world.cwd(), named);
  if (options.mend && path === null) throw new CalledWrongly('--mend needs the name of an ambient file.');
  if (options.keep && !options.mend) throw new CalledWrongly('--keep goes with --mend only.');
  const found = [
    findings.nodeFinding(session.world.version),
    findings.umaskFinding(session.world.umask()),
    ...(session.found.home && isLocal(session) ? homeFindings(session, session.found.home) : []),
  ];
  const asked = await serverFindings(session, path, options);
  found.push(...asked.findings);
  if (isLocal(session)) found.push(await portOf(session, asked.port));
  if (isLocal(session) && asked.port === null) found.push(...localLocations(session));
  if (path !== null && asked.port === null) found.push(localPath(path, session));
  if (session.isJson) session.printJson({ findings: found });
  else show(session, found);
  return found.some(({ level }) => level === 'error') ? 1 : 0;
}

function isLocal({ client: { address } }: Session): boolean {
  return address.by === 'unix' || (address.by === 'http' && address.loopback);
}

function homeFindings(session: Session, home: Home): Finding[] {
  const { world } = session;
  const person = {
    uid: world.getuid?.() ?? -1,
    groups: [...(world.getgroups?.() ?? []), world.getgid?.() ?? -1],
    groupName,
  };
  const start = startCommand(session);
  const about = findings.homeFinding(home.path, factsOf(home.path));
  if (about.level === 'error' && factsOf(home.path) === null) return [about];
  return [
    about,
    findings.groupFinding(home.run, factsOf(home.run), person, start),
    findings.tokenFinding(home.tokenFile, factsOf(home.tokenFile), isReadable(home.tokenFile), start, person),
    configFinding('settings', home.settingsFile, () => loadSettings(home.settingsFile)),
    configFinding('hosts', home.hostsFile, () => loadHosts(home.hostsFile)),
  ];
}

function configFinding(what: string, file: string, load: () => unknown): Finding {
  const facts = factsOf(file);
  if (facts === null) return findings.ok(what, `No ${file}: the defaults hold.`);
  try {
    load();
    return findings.ok(what, `${file} is in order.`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const isClosed = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES';
    return isClosed
      ? findings.warning(what, error.message, `sudo cat ${quoteWord(file)}`)
      : findings.error(what, error.message, editMend(error, file));
  }
}

/** vi, emacs and nano understand the line. */
function editMend({ file, line }: ConfigError, named: string): string {
  return `"\${EDITOR:-vi}" ${line === null ? '' : `+${line} `}${quoteWord(file ?? named)}`;
}

async function serverFindings(
  session: Session,
  directory: string | null,
  { mend, keep }: DoctorOptions,
): Promise<{ findings: Finding[]; port: number | null }> {
  const { client, signal } = session;
  const name = client.address.by === 'unix' ? client.address.socket : client.address.text;
  let port: number | null = null;
  try {
    const view = await client.server({ signal });
    port = view.port;
    const server = findings.ok(
      'server',
      `Version ${view.version} runs as ${view.user}:${view.group} and knows you as ${view.you}.`,
    );
    return {
      findings: [
        server,
        ...(await client.examine(directory, { signal, ...(mend && { mend: keep ? 'keep' : 'cut' }) })),
      ],
      port,
    };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const mend = error instanceof ServerUnreachable && isLocal(session) ? startCommand(session) : null;
    const says = error instanceof Error ? error.message : String(error);
    const isTold = error instanceof Refused || statusOfError(error) !== 1;
    return { findings: [findings.error('server', isTold ? says : `${name}: ${says}`, mend)], port };
  }
}

/** How the server of this home is started. */
export function startCommand(session: Session): string {
  const { home } = session.options;
  return home === undefined ? 'rayserver' : `rayserver --home ${quoteWord(home)}`;
}

/** @param serverPort the port of the server that answered, or null if none did */
async function portOf(session: Session, serverPort: number | null): Promise<Finding> {
  const port = serverPort ?? portOfSettings(session);
  const serverRuns = serverPort !== null;
  const start = startCommand(session);
  // The server may listen on either of the two.
  const states = [await portState(session, `127.0.0.1:${port}`), await portState(session, `[::1]:${port}`)];
  const state = (['rayserver', 'stranger'] as const).find((one) => states.includes(one)) ?? 'free';
  return findings.portFinding(port, state, serverRuns, start);
}

async function portState(session: Session, at: string): Promise<findings.PortState> {
  const client = new RayserverClient({ server: `http://${at}` });
  try {
    await client.server({ signal: session.signal });
    return 'rayserver';
  } catch (error) {
    if (session.signal.aborted) throw session.signal.reason;
    if (error instanceof ServerUnreachable && !error.sent) return 'free';
    // Without the token ours refuses in its own words, which nobody else has.
    return error instanceof Refused ? 'rayserver' : 'stranger';
  }
}

/** As the caller sees them; where a server answers it has looked itself, as the user of simulations. */
function localLocations(session: Session): Finding[] {
  try {
    const here = session.record()?.locations.filter(({ path }) => path.startsWith('/')) ?? [];
    return here.map(({ name, path }) => findings.locationFinding(name, path, factsOf(path)));
  } catch (error) {
    // Told already, with the place of the fault.
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

function portOfSettings({ found: { home } }: Session): number {
  try {
    return home ? loadSettings(home.settingsFile).port : usualPort;
  } catch (error) {
    // Told already, with the place of the fault.
    if (error instanceof ConfigError) return usualPort;
    throw error;
  }
}

function localPath(path: string, session: Session): Finding {
  const facts = factsOf(path);
  const stats = facts === 'closed' ? undefined : statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile())
    return findings.warning('ambient file', `Only the server looks into ${path}.`, startCommand(session));
  return findings.directoryFinding(path, stats?.isDirectory() === false ? 'no directory' : facts);
}

function factsOf(path: string): findings.FileFacts {
  try {
    const { mode, uid, gid } = statSync(path);
    return { mode, uid, gid };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'closed' : null;
  }
}

/** As /etc/group has it; groups of a directory service keep their number. */
function groupName(gid: number): string {
  try {
    const lines = readFileSync('/etc/group', 'utf8').split('\n');
    return lines.find((line) => line.split(':')[2] === String(gid))?.split(':')[0] ?? String(gid);
  } catch {
    return String(gid);
  }
}

function show(session: Session, found: readonly Finding[]): void {
  const { green, yellow, red } = session.colors;
  const colours = { ok: green, warning: yellow, error: red };
  const width = Math.max(...found.map(({ what }) => textWidth(safe(what))));
  for (const { what, level, says, mend } of found) {
    const name = safe(what);
    const blanks = ' '.repeat(width - textWidth(name));
    session.print(`${colours[level](level.padEnd(7))}  ${name}${blanks}  ${safe(says)}`);
    if (mend !== null) session.print(`${' '.repeat(11 + width)}mend it: ${safe(mend)}`);
  }
}
