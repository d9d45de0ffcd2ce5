import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPlainPath, type ServerAddress } from './address.ts';
import { builtin } from './builtin.ts';
import { ServerUnreachable } from './errors.ts';
import { lookCommand, readLook, sshError, tunnelCommand } from './ssh.ts';

/** An ssh tunnel from a private socket of ours to the server's. */
export interface Tunnel {
  readonly socket: string;
  isOpen(): boolean;
  /** What ssh has said of the connection that just broke; null: nothing. */
  complaint(): Promise<Error | null>;
  /** Ends ssh and removes the socket. */
  close(): Promise<void>;
}

export interface TunnelOptions {
  address: Extract<ServerAddress, { by: 'ssh' }>;
  command: string;
  interactive: boolean;
}

/** Bytes of ssh's words that are kept. */
const keptWords = 16384;
/** Longest directory in which a socket can be bound, with our own names after it, bytes. */
const longestDirectory = 80;

/** @throws ServerUnreachable, NotAllowed, CalledWrongly (RAYSERVER_SSH) */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const far = await lookForSocket(options);
  const directory = await mkdtemp(join(temporaryDirectory(), 'rayctl-'));
  const near = join(directory, 's');
  const ssh = start(tunnelCommand(options.address, { ...options, near, far }), 'ignore');
  const removeAll = () => {
    ssh.child.kill('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', removeAll);
  const close = async () => {
    process.off('exit', removeAll);
    await end(ssh);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await appearance(near, ssh, options);
  } catch (error) {
    await close();
    throw error;
  }
  ssh.takeWords();
  return {
    socket: near,
    isOpen: () => !ssh.ended(),
    complaint: async () => {
      await settle(ssh);
      return ssh.words() === '' && !ssh.ended() ? null : sshError(options.address, ssh.takeWords());
    },
    close,
  };
}

interface Ssh {
  child: ChildProcess;
  words(): string;
  takeWords(): string;
  ended(): boolean;
}

function start([program, ...args]: [string, ...string[]], stdout: 'ignore' | 'pipe'): Ssh {
  const child = builtin('node:child_process').spawn(program, args, { stdio: ['ignore', stdout, 'pipe'] });
  let words = '';
  let ended = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-keptWords);
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    ended = true;
    words += error.code === 'ENOENT' ? `${program}: no such program. Install openssh-client.` : error.message;
  });
  child.on('close', () => {
    ended = true;
  });
  const takeWords = () => {
    const said = words;
    words = '';
    return said;
  };
  return { child, words: () => words, takeWords, ended: () => ended };
}

async function lookForSocket({ address, command, interactive }: TunnelOptions): Promise<string> {
  const ssh = start(lookCommand(address, command, interactive), 'pipe');
  let output = '';
  ssh.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-keptWords);
  });
  const status = await ending(ssh.child);
  if (status !== 0) throw sshError(address, ssh.words());
  return readLook(address, output);
}

/** Exit status, or null where it could not be started or was killed. */
function ending(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', (status) => resolve(status));
  });
}

/** ssh makes the socket when the other side has let us in. Somebody may be typing a passphrase: no limit but ssh's own. */
async function appearance(path: string, ssh: Ssh, { address }: TunnelOptions): Promise<void> {
  for (;;) {
    if (ssh.ended()) throw sshError(address, ssh.words());
    try {
      return await access(path);
    } catch {
      await sleep(20);
    }
  }
}

/** ssh writes why it refused a connection just after it has closed it. */
async function settle(ssh: Ssh): Promise<void> {
  for (let tries = 0; tries < 25 && ssh.words() === '' && !ssh.ended(); tries += 1) await sleep(20);
}

async function end({ child, ended }: Ssh): Promise<void> {
  if (ended()) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
  await closed;
  clearTimeout(timer);
}

/** A directory is usable if ssh takes its path as it is and a socket's path fits. */
function temporaryDirectory(): string {
  for (const directory of [tmpdir(), '/tmp']) {
    if (isPlainPath(directory) && Buffer.byteLength(directory) <= longestDirectory) return directory;
  }
  throw new ServerUnreachable('No directory for a socket: TMPDIR is too long.');
}
