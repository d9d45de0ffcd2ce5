import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './lab.ts';
import { waitUntil } from './wait-until.ts';

const program = '/usr/sbin/sshd';

/** Why there can be no ssh here, or null. */
export function sshMissing(): string | null {
  if (!existsSync(program)) return `${program} is missing (apt-get install openssh-server)`;
  return existsSync('/usr/bin/ssh') ? null : 'ssh is missing (apt-get install openssh-client)';
}

/** A real sshd on the loopback address with keys and a configuration of its own. */
export class Sshd {
  readonly directory: string;
  readonly port: number;
  /** What RAYSERVER_SSH is to be. */
  readonly command: string;
  readonly #daemon: ChildProcess;
  said = '';

  private constructor(directory: string, port: number, daemon: ChildProcess) {
    this.directory = directory;
    this.port = port;
    this.command = `ssh -F "${directory}/ssh_config"`;
    this.#daemon = daemon;
    daemon.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
  }

  /**
   * @param owner reads the client's key; by default whoever runs the tests
   * @param lines for sshd_config
   */
  static async start(
    owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    lines: string[] = [],
  ): Promise<Sshd> {
    const directory = mkdtempSync(join(tmpdir(), 'sshd-'));
    chmodSync(directory, 0o755);
    const port = await freePort();
    for (const key of ['host', 'user']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, key)]);
    }
    execFileSync('cp', [join(directory, 'user.pub'), join(directory, 'authorized_keys')]);
    chownSync(join(directory, 'user'), owner.uid, owner.gid);
    writeFileSync(join(directory, 'sshd_config'), sshdConfig(directory, port, lines));
    writeFileSync(join(directory, 'ssh_config'), sshConfig(directory));
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const daemon = spawn(program, ['-D', '-e', '-f', join(directory, 'sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const sshd = new Sshd(directory, port, daemon);
    await waitUntil('sshd', () => {
      if (daemon.exitCode !== null) throw new Error(`sshd ended: ${sshd.said}`);
      return answers(port);
    });
    return sshd;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#daemon.once('close', resolve));
    if (this.#daemon.exitCode === null) {
      this.#daemon.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function sshdConfig(directory: string, port: number, lines: string[]): string {
  return `${[
    ...lines,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${directory}/host`,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'LogLevel VERBOSE',
  ].join('\n')}\n`;
}

function sshConfig(directory: string): string {
  return `${[
    'Host *',
    `  IdentityFile ${directory}/user`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    '  StrictHostKeyChecking accept-new',
    '  UserKnownHostsFile /dev/null',
    '  GlobalKnownHostsFile /dev/null',
  ].join('\n')}\n`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The name under which whoever runs the tests logs in. */
export function ownName(): string {
  return userInfo().username;
}
