import { Refusal } from '../../model/refusal.ts';
import { type Command, type OptionFiles, type ProgramCommand, readCommand, refused } from './command.ts';
import { settled } from './names.ts';
import type { Printed } from './printed.ts';
import { numberedOctree, type RadCall } from './rad-call.ts';
import type { Rif } from './rif.ts';
import { shown } from './words.ts';

/** What rad would do, with the project's own names instead of those of the call. */
export interface Understood {
  /** The octree that is rendered. */
  readonly octree: string;
  /** What makes it and the photon maps, in order; empty where rad makes none. */
  readonly making: readonly Command[];
  /** Photon maps that are made. */
  readonly photonMaps: readonly string[];
  readonly views: readonly UnderstoodView[];
}

export interface UnderstoodView {
  readonly name: string;
  readonly overture: ProgramCommand | null;
  readonly render: ProgramCommand;
  /** What rpict writes. */
  readonly raw: string;
  /** null: the raw picture is the result. */
  readonly filter: ProgramCommand | null;
  /** Where the raw picture is kept under its final name; null: it is removed. */
  readonly keptRaw: string | null;
  /** The picture that makes the view up to date. */
  readonly picture: string;
  /** The ambient file that the user names, or null. */
  readonly ambient: string | null;
  /** The distance file, or null. */
  readonly depth: string | null;
  /** Width times height as asked for; 0 if it cannot be told. */
  readonly pixels: number;
}

/** @throws Refusal for anything in the commands that is not let through */
export function understand(printed: Printed, rif: Rif, call: RadCall, files: OptionFiles): Understood {
  const commands = printed.commands.map((line) => settled(readCommand(line, files), rif, call));
  const start = commands.findIndex((command) => command.is === 'program' && command.program === 'rpict');
  const making = start < 0 ? commands : commands.slice(0, start);
  const octree = rif.illum.length > 0 ? numberedOctree(rif.octree, '1') : rif.octree;
  const views = start < 0 ? [] : readViews(commands.slice(start), rif, octree);
  for (const command of making) requireMaking(command);
  return { octree, making, photonMaps: making.flatMap(photonMapsOf), views };
}

function requireMaking(command: Command): void {
  if (command.is === 'move') throw refused('nothing is to be moved there', command.line);
  if (command.is !== 'program') return;
  if (command.program === 'pfilt') throw refused('there is no picture yet', command.line);
  if (command.program !== 'mkpmap' && command.output === null) throw refused('it has no output file', command.line);
}

function photonMapsOf(command: Command): string[] {
  if (command.is !== 'program' || command.program !== 'mkpmap') return [];
  return valuesOf(command, 'output');
}

export function valuesOf(command: ProgramCommand, kind: 'input' | 'output' | 'ambient'): string[] {
  return command.options.flatMap(({ values }) => values.filter((value) => value.kind === kind).map(({ text }) => text));
}

/** Every ambient file that has a name. */
export function ambientFilesOf({ views }: Pick<Understood, 'views'>): string[] {
  return [...new Set(views.flatMap(({ ambient }) => (ambient === null ? [] : [ambient])))];
}

function readViews(commands: readonly Command[], rif: Rif, octree: string): UnderstoodView[] {
  const views: UnderstoodView[] = [];
  const rest = [...commands];
  while (rest.length > 0) {
    const view = readView(rest, rif);
    for (const command of [view.overture, view.render]) {
      if (command !== null && command.operands.join(' ') !== octree)
        throw refused('it does not render the octree', command.line);
    }
    // rad makes a view that is named twice once: then it is up to date.
    if (!views.some(({ name }) => name === view.name)) views.push(view);
  }
  return views;
}

/** Takes the commands of one view from the front. */
function readView(rest: Command[], rif: Rif): UnderstoodView {
  const overture = takeProgram(rest, 'rpict', (command) => command.output === '/dev/null');
  const render = takeProgram(rest, 'rpict', (command) => command.output !== null);
  if (render === null || render.output === null) throw refused('it is not expected there', rest[0]?.line ?? '');
  const raw = render.output;
  const root = rif.raw ?? rif.picture;
  const name = raw.slice(root.length + 1, -'.unf'.length);
  if (raw !== `${root}_${name}.unf` || !rif.views.includes(name))
    throw refused('its output is not the raw picture of a view', render.line);
  const picture = `${rif.picture}_${name}.hdr`;
  const filter = takeProgram(rest, 'pfilt', () => true);
  if (filter !== null && (filter.output !== picture || filter.operands.join(' ') !== raw)) {
    throw refused('it does not make the picture from the raw picture', filter.line);
  }
  const keptRaw = takeEnd(rest, raw);
  if (filter === null && keptRaw !== picture) throw refused('it makes no picture', render.line);
  return {
    name,
    overture,
    render,
    raw,
    filter,
    keptRaw: filter === null ? null : keptRaw,
    picture,
    ambient: valuesOf(render, 'ambient').at(-1) ?? null,
    depth: valuesOf(render, 'output').at(-1) ?? null,
    pixels: size(render, '-x') * size(render, '-y'),
  };
}

function takeProgram(
  rest: Command[],
  program: 'rpict' | 'pfilt',
  fits: (command: ProgramCommand) => boolean,
): ProgramCommand | null {
  const [first] = rest;
  if (first?.is !== 'program' || first.program !== program || !fits(first)) return null;
  rest.shift();
  return first;
}

/** What rad does with the raw picture at last: the name under which it is kept, or null. */
function takeEnd(rest: Command[], raw: string): string | null {
  const end = rest.shift();
  if (end?.is === 'remove' && end.path === raw) return null;
  if (end?.is === 'move' && end.from === raw && end.to === raw.replace(/\.unf$/, '.hdr')) return end.to;
  throw refused(`the raw picture ${shown(raw)} should be moved or removed there`, end?.line ?? '');
}

function size(command: ProgramCommand, flag: string): number {
  const text = command.options.findLast((option) => option.flag === flag)?.values[0]?.text;
  return text === undefined ? 0 : Math.max(0, Number(text));
}

/**
 * Which views are asked for, each once.
 * @throws Refusal for a view that there is not, and for one that rad gives no command for
 */
export function choose(understood: Understood, rif: Rif, views: readonly string[]): UnderstoodView[] {
  for (const name of views) {
    if (rif.views.includes(name)) continue;
    throw new Refusal(
      'unknown-view',
      `Unknown view ${shown(name)}. This project has: ${[...new Set(rif.views)].join(', ')}.`,
    );
  }
  const wanted = views.length > 0 ? views : rif.views;
  const missing = wanted.find((name) => !understood.views.some((view) => view.name === name));
  if (missing !== undefined) {
    throw new Refusal(
      'plan-failed',
      `rad has no command for the view ${shown(missing)} of ${rif.file}: a view needs options, such as -vp and -vd.`,
    );
  }
  return understood.views.filter(({ name }) => wanted.includes(name));
}
