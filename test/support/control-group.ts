import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A control group of version 2 that this process has moved into, as systemd would start it in one with `Delegate=yes`. */
export class ControlGroup {
  readonly path: string;
  readonly #before: string;

  private constructor(path: string, before: string) {
    this.path = path;
    this.#before = before;
  }

  /** Null where none can be made: for other users than root, in containers, without version 2. */
  static enter(name: string): ControlGroup | null {
    const mount = /^\S+ \S+ \S+ \/ (\/\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
    const before = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    if (mount === undefined || before === undefined || process.getuid?.() !== 0) return null;
    const path = join(mount, before, name);
    try {
      mkdirSync(path);
      writeFileSync(join(path, 'cgroup.procs'), `${process.pid}`);
      return new ControlGroup(path, join(mount, before));
    } catch {
      return null;
    }
  }

  /** What was made in it. */
  get groups(): string[] {
    return readdirSync(this.path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  }

  leave(): void {
    writeFileSync(join(this.#before, 'cgroup.procs'), `${process.pid}`);
    rmdirSync(this.path);
  }
}
