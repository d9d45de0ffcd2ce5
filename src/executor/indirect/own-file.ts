import { closeSync, constants, mkdtempSync, openSync, rmdirSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { AmbientFile } from '../../ambient/ambient-file.ts';
import { Place } from '../../ambient/place.ts';
import { attemptKey, ownAmbients } from '../../model/task.ts';
import { lookBelow, removeBelow } from '../below.ts';
import { quietly } from '../quietly.ts';

/** The ambient file of one program, which has a name only until the program has opened it. */
export class OwnFile {
  /** What the program is told. */
  readonly name: string;
  /** What it is made with, before the program starts. */
  readonly place: Place;
  readonly #remove: () => void;
  #file: AmbientFile | null = null;
  #isTaken = false;

  private constructor(name: string, place: Place, remove: () => void) {
    this.name = name;
    this.place = place;
    this.#remove = remove;
  }

  /** In the project. */
  static inProject(directory: number, attempt: string): OwnFile {
    const place = placeInProject(directory, attempt);
    return new OwnFile(place.path, place, () => place.remove(''));
  }

  /**
   * In a directory for such files: Radiance takes locks itself, and would wait for ever where none are given.
   * @param tmp of the cell that the program runs in: its descriptor, and its name there; null: this host's
   */
  static elsewhere(
    project: number,
    attempt: string,
    tmp: { readonly fd: number; readonly path: string } | null,
  ): OwnFile {
    placeInProject(project, attempt).close();
    const above = tmp === null ? tmpdir() : `/proc/self/fd/${tmp.fd}`;
    const directory = mkdtempSync(join(above, 'rayserver-'));
    // Who else runs in the cell could put a link there.
    const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    const place = new Place(fd, 'own.amb');
    closeSync(fd);
    const name = join(tmp?.path ?? above, basename(directory), 'own.amb');
    return new OwnFile(name, place, () => {
      place.remove('');
      quietly(() => rmdirSync(directory));
    });
  }

  /** What the program has made, or been given, while it has the name. */
  look(): Stats | null {
    return this.#isTaken ? null : this.place.look('');
  }

  /** The program has it open, or is gone: from now on it has no name, so that nothing stays whatever happens. */
  take(): AmbientFile | null {
    if (this.#isTaken) return this.#file;
    this.#isTaken = true;
    try {
      this.#file = AmbientFile.open(this.place);
    } finally {
      this.#remove();
    }
    return this.#file;
  }

  close(): void {
    if (!this.#isTaken) this.#remove();
    this.#isTaken = true;
    this.#file?.close();
    this.#file = null;
    this.place.close();
  }
}

/** Where an attempt may have a file by a name that the server knows. What earlier ones of the task left is removed. */
export function placeInProject(directory: number, attempt: string): Place {
  const paths = ownAmbients(attemptKey(attempt));
  for (const path of paths) if (lookBelow(directory, path) !== null) removeBelow(directory, path);
  return new Place(directory, paths.at(-1) ?? '');
}
