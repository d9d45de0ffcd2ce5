import { type ChildProcess, spawn } from 'node:child_process';
import { waitUntil } from './wait-until.ts';

/** Runs its arguments but the first in a pseudo-terminal of so many columns; what it reads is typed there. */
const script = `
import fcntl, os, pty, select, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
sources = [master, 0]
while master in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b''
        if not data:
            sources.remove(source)
        else:
            os.write(1 if source == master else master, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
`;

/** A program on a terminal, with standard output and error as the terminal mixes them. */
export class TerminalRun {
  seen = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(
    columns: number,
    command: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    cwd: string,
  ) {
    const child = spawn('python3', ['-c', script, String(columns), ...command], {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: undefined, ...env },
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.seen += text;
    });
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  async shows(text: string | RegExp): Promise<void> {
    await waitUntil(`${text} on the terminal`, () =>
      typeof text === 'string' ? this.seen.includes(text) : text.test(this.seen),
    );
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }
}
