import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot, ordinaryUser } from '../test/support/daemon.ts';
import { temporaryDirectory, top } from '../test/support/program.ts';

/** Programs that come with the bench. */
export const programs = join(top, 'bench/programs');

/** What is kept from one run of the bench to the next: HyperQueue's package. */
const cache = join(top, 'build/bench-cache');

/** The version the figures are compared with. */
const hyperqueueVersion = '0.27.0';

/** A scratch directory with the programs that are made in it; all of it goes with `remove`. */
export class Workshop {
  readonly #scratch = temporaryDirectory('rayserver-bench-');
  readonly #made = new Map<string, string | null>();

  /** A new directory of the ordinary user. */
  directory(): string {
    const path = mkdtempSync(join(this.#scratch.path, 'at-'));
    if (isRoot) chownSync(path, ordinaryUser.uid, ordinaryUser.gid);
    chmodSync(path, 0o2775);
    return path;
  }

  /** Path of `bench/programs/NAME.c` compiled, or null where there is no compiler. */
  compiled(name: string): string | null {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const path = join(this.#scratch.path, name);
    const made = succeeds('cc', ['-O2', '-o', path, join(programs, `${name}.c`)]) ? path : null;
    this.#made.set(name, made);
    return made;
  }

  remove(): void {
    this.#scratch.remove();
  }
}

export const noCompiler = 'There is no C compiler (cc).';

/** Whether a command ends well; what it prints is of no interest. */
export function succeeds(program: string, args: readonly string[], env: Record<string, string> = {}): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 120_000, env: { ...process.env, ...env } });
    return true;
  } catch {
    return false;
  }
}

/** Directory for PYTHONPATH with the package hyperqueue, fetched from PyPI once; a reason if it cannot be had. */
export function hyperqueuePackage(): { directory: string } | { absent: string } {
  const directory = join(cache, `hyperqueue-${hyperqueueVersion}`);
  const usable = () => succeeds('python3', ['-c', 'import hyperqueue'], { PYTHONPATH: directory });
  if (usable()) return { directory };
  rmSync(directory, { recursive: true, force: true });
  if (!existsSync(cache)) mkdirSync(cache, { recursive: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', directory];
  if (!succeeds('python3', [...pip, `hyperqueue==${hyperqueueVersion}`]) || !usable()) {
    return { absent: 'The Python package hyperqueue is not to be had (python3 -m pip install hyperqueue).' };
  }
  return { directory };
}
