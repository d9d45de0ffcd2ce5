import { accessSync, closeSync, constants, fstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nameOfProject, type Project } from '../model/job.ts';
import { makeDirectoryBeneath } from '../unix/walk.ts';
import { createAt } from './below.ts';
import type { Clock } from './clock.ts';
import { type FileError, naming } from './file-error.ts';
import { openProject } from './project.ts';
import { Whereabouts } from './run.ts';

/** How long what was found in a project is taken for granted, ms; and how long one that nobody uses stays open. */
const FRESH = 1000;

/** A project that simulations work in, kept open while they do. */
export class Workplace {
  /** Descriptor of the project's directory. */
  readonly directory: number;
  readonly where: Whereabouts;
  readonly project: Project;
  users = 0;
  /** Takes back that it is closed soon, if it is. */
  stay: () => void = () => {};
  /** When it was last seen to be what its path leads to. */
  seenAt: number;
  readonly #ready = new Map<string, number>();

  constructor(project: Project, directory: number, now: number) {
    this.project = project;
    this.directory = directory;
    this.where = new Whereabouts(directory);
    this.seenAt = now;
  }

  /** Deleted, or lost with what it lies on. */
  isGone(): boolean {
    return (this.#names ?? 0) === 0;
  }

  /** Whatever is mounted at its path now, this is reached no more. */
  isLost(): boolean {
    return this.#names === null;
  }

  get #names(): number | null {
    try {
      return fstatSync(this.directory).nlink;
    } catch {
      return null;
    }
  }

  /**
   * Makes these directories, if they are missing, and sees that files can be made in them.
   * @throws FileError
   */
  require(directories: Iterable<string>): void {
    for (const path of directories) this.#open(path);
  }

  /** Makes a file anew in one of its directories, open for reading and writing. @throws FileError */
  create(directory: string, name: string): number {
    const path = `${directory}/${name}`;
    try {
      return createAt(this.#open(directory), name, path);
    } catch (error) {
      if ((error as FileError).code !== 'ENOENT') throw error;
    }
    // Somebody removed the directory since we looked.
    this.forget();
    return createAt(this.#open(directory), name, path);
  }

  /** Looks at its directories again when they are needed next. */
  forget(): void {
    for (const fd of this.#ready.values()) closeSync(fd);
    this.#ready.clear();
  }

  close(): void {
    this.forget();
    closeSync(this.directory);
  }

  #open(path: string): number {
    const known = this.#ready.get(path);
    if (known !== undefined) return known;
    const fd = naming(path, () => makeDirectoryBeneath(this.directory, path));
    try {
      naming(path, () => accessSync(`/proc/self/fd/${fd}/.`, constants.W_OK | constants.X_OK));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#ready.set(path, fd);
    return fd;
  }
}

/** The projects that are open, so that a small task need not walk its path again. */
export class Workplaces {
  readonly #clock: Clock;
  readonly #places = new Map<string, Workplace>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whoever enters leaves. `look`: what the path leads to is looked at now, not only once a second.
   * @throws Away no-such-project, project-not-readable, not-ready
   */
  enter(project: Project, look: 'now' | 'seldom'): Workplace {
    const name = nameOfProject(project);
    const known = this.#places.get(name);
    if (known && this.#isStill(known, look)) return take(known);
    if (known) this.#drop(known, name);
    const place = new Workplace(project, openProject(project), this.#clock.passed());
    this.#places.set(name, place);
    return take(place);
  }

  leave(place: Workplace): void {
    place.users -= 1;
    if (place.users > 0) return;
    const name = nameOfProject(place.project);
    if (this.#places.get(name) !== place) place.close();
    // The next task of the job may come at once.
    else place.stay = this.#clock.after(FRESH, () => this.#drop(place, name));
  }

  /** Nobody enters it any more; whoever is in it closes it. */
  #drop(place: Workplace, name: string): void {
    this.#places.delete(name);
    place.stay();
    if (place.users === 0) place.close();
  }

  #isStill(place: Workplace, look: 'now' | 'seldom'): boolean {
    if (place.isGone()) return false;
    const now = this.#clock.passed();
    if (look === 'seldom' && now - place.seenAt < FRESH) return true;
    const { root, rest } = place.project;
    if (identityOf(join(root, rest)) !== identityOf(`/proc/self/fd/${place.directory}`)) return false;
    place.forget();
    place.seenAt = now;
    return true;
  }
}

function take(place: Workplace): Workplace {
  place.stay();
  place.users += 1;
  return place;
}

function identityOf(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
