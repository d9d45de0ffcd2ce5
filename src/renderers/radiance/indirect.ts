import { posix } from 'node:path';
import type { AmbientMode } from '../../model/job.ts';
import type { Ambient } from '../../model/task.ts';
import { type Option, type ProgramCommand, wordsOfOption } from './command.ts';
import { isOfLight } from './options.ts';
import { type UnderstoodView, valuesOf } from './understood.ts';

/** How the simulations of a job use indirect light: with which ambient file, and what is in it before they start. */

/** A command of rpict and its ambient file, whose name, or a word for it, stands after its only `-af`. */
export interface Lit {
  readonly command: ProgramCommand;
  readonly ambient: Ambient | null;
}

/** A short text for a long one. */
export type Digest = (text: string) => string;

/** What is lit: its octree, and files that the octree only names, such as data and meshes. */
export interface Scene {
  readonly octree: string;
  readonly objects: readonly string[];
}

/** Whether rpict computes indirect light that is worth keeping: with `-aa 0` it keeps none. */
export function isIndirect(command: ProgramCommand): boolean {
  return numberOf(command, '-ab', 0) > 0 && numberOf(command, '-aa', 0.2) > 1e-6;
}

function numberOf({ options }: ProgramCommand, flag: string, usual: number): number {
  return Number(options.findLast((option) => option.flag === flag)?.values[0]?.text ?? usual);
}

/** A file that is filled and then frozen: overtures of all views that use it write into it, one after another. */
export interface Fill {
  readonly views: readonly UnderstoodView[];
  readonly ambient: Ambient;
}

/**
 * One for all views, but for those that compute light in another way: they cannot share any. The same views give the same
 * file, and so the same pictures, however many of them are up to date.
 * @param wanted all views that were asked for
 */
export function fillsOf(wanted: readonly UnderstoodView[], scene: Scene, digest: Digest): Fill[] {
  const groups = Map.groupBy(
    wanted.filter(({ render }) => isIndirect(render)),
    ({ render }) => JSON.stringify(lightOf(render).map(wordsOfOption)),
  );
  return [...groups.values()].map((views) => ({ views, ambient: fillAmbient(views.map(small), scene, digest) }));
}

function fillAmbient(commands: readonly ProgramCommand[], { octree, objects }: Scene, digest: Digest): Ambient {
  const words = commands.map(({ options }) => withoutFile(options).flatMap(wordsOfOption));
  return {
    // A file that others may write into must not be the one that nobody may.
    path: null,
    octree,
    inputs: inputsOf(
      objects,
      commands.flatMap(({ options }) => options),
    ),
    use: 'fill',
    filledBy: digest(JSON.stringify(words)),
    onlyCold: false,
  };
}

export function fillOf({ views, ambient }: Fill): Lit[] {
  return views.map((view) => withAmbient(small(view), ambient));
}

/** A small picture of a view, seen by nobody, which fills the shared file evenly; not where there is something in it. */
export function overtureOf(view: UnderstoodView, scene: Scene): Lit {
  const command = small(view);
  return withAmbient(command, { ...ownAmbient(command, scene, 'shared'), onlyCold: true });
}

/** @param fill of its file, where that is frozen */
export function renderOf({ render }: UnderstoodView, scene: Scene, mode: AmbientMode, fill: Fill | null): Lit {
  if (mode === 'none' || !isIndirect(render)) return { command: withFile(render, null), ambient: null };
  if (fill !== null) return withAmbient(render, { ...fill.ambient, use: 'frozen' });
  return withAmbient(render, ownAmbient(render, scene, mode === 'private' ? 'private' : 'shared'));
}

function ownAmbient(command: ProgramCommand, { octree, objects }: Scene, use: Ambient['use']): Ambient {
  const path = valuesOf(command, 'ambient').at(-1) ?? null;
  return { path, octree, inputs: inputsOf(objects, lightOf(command)), use, filledBy: null, onlyCold: false };
}

/** The directory that a file without a name of the user's own lies in. */
const directory = 'ambfiles';

export function directoryOf({ path }: Ambient): string {
  return path === null ? directory : posix.dirname(path);
}

function small({ render, overture }: UnderstoodView): ProgramCommand {
  if (overture !== null) return overture;
  const own = render.options.filter(({ flag }) => !['-x', '-y', '-ps', '-z'].includes(flag));
  return { ...render, options: [...own, whole('-x', 64), whole('-y', 64), whole('-ps', 1)], output: '/dev/null' };
}

function whole(flag: string, value: number): Option {
  return { flag, values: [{ kind: 'whole', text: `${value}` }] };
}

function withAmbient(command: ProgramCommand, ambient: Ambient): Lit {
  return { command: withFile(command, ambient.path ?? 'ambient'), ambient };
}

function withFile(command: ProgramCommand, text: string | null): ProgramCommand {
  const file: Option[] = text === null ? [] : [{ flag: '-af', values: [{ kind: 'ambient', text }] }];
  return { ...command, options: [...withoutFile(command.options), ...file] };
}

function withoutFile(options: readonly Option[]): Option[] {
  return options.filter(({ flag }) => flag !== '-af');
}

/** The options that say how light is computed; the others say what is seen of it. */
function lightOf({ options }: ProgramCommand): Option[] {
  return withoutFile(options).filter(({ flag }) => isOfLight(flag));
}

function inputsOf(objects: readonly string[], options: readonly Option[]): string[] {
  const values = options.flatMap((option) => option.values.filter(({ kind }) => kind === 'input'));
  return [...new Set([...objects, ...values.map(({ text }) => text)])];
}
