import { posix } from 'node:path';
import type { Deed, PictureSink, TaskPlan } from '../../model/task.ts';
import { type ProgramCommand, wordsOfOption } from './command.ts';
import type { Currency } from './currency.ts';
import { type Facts, inputsOf } from './files.ts';
import { makingDeeds, run } from './making.ts';
import type { Rif } from './rif.ts';
import { ambientFilesOf, type Understood, type UnderstoodView, valuesOf } from './understood.ts';
import { isInside } from './words.ts';

export interface TaskInput {
  readonly understood: Understood;
  readonly rif: Rif;
  /** The views to render, at least one. */
  readonly views: readonly UnderstoodView[];
  readonly current: Currency;
  readonly facts: Facts;
  readonly reportSeconds: number;
}

type Draft = Omit<TaskPlan, 'number' | 'name' | 'directories'> & { readonly name: string };

/** Shares of a job's work. A view of average size counts {@link weights.view}. */
const weights = { octree: 2, overture: 3, view: 100, filter: 1 } as const;

/** The tasks of a job: octree, overture, then each view and its filter. */
export function makeTasks(input: TaskInput): TaskPlan[] {
  const tasks: TaskPlan[] = [];
  const names = new Set<string>();
  const add = (draft: Draft): number => {
    const number = tasks.length + 1;
    tasks.push({ number, ...draft, name: unused(draft.name, names), directories: directoriesOf(draft) });
    return number;
  };
  let before: number[] = [];
  const octree = octreeTask(input);
  if (octree !== null) before = [add(octree)];
  const overture = overtureTask(input, before);
  if (overture !== null) before = [add(overture)];
  for (const view of input.views) {
    const rendered = add(viewTask(input, view, before));
    const filter = filterTask(input.rif, view, rendered);
    if (filter !== null) add(filter);
  }
  return tasks;
}

/** Everything up to the first picture: made by one at a time, others find it current. */
function octreeTask({ understood, rif, views, current, facts, reportSeconds }: TaskInput): Draft | null {
  if (understood.making.length === 0) return null;
  const { deeds, litter } = makingDeeds(understood, rif, reportSeconds);
  const ambient = ambientFilesOf(understood);
  const stale = views.some((view) => view.ambient !== null && facts(view.ambient) !== null && !current.ambient(view));
  const inputs = inputsOf(rif);
  const octreeIsFresh = current.octree || !outsideIsNewer(inputs, understood.octree, facts);
  const skippable = octreeIsFresh && (current.octree ? !stale : understood.photonMaps.length === 0);
  return {
    step: 'octree',
    name: `${rif.root}.octree`,
    view: null,
    deeds: [...guards(ambient), ...understood.photonMaps.map(remove), ...deeds, ...ambient.map(remove)],
    after: [],
    holds: [`octree:${understood.octree}`, ...ambient.map((path) => `ambient:${path}`)],
    makes: [],
    litter: [...litter],
    afterwards: [],
    unless: skippable ? { output: understood.octree, inputs: inputs.filter(isInside) } : null,
    weight: current.octree && !stale ? 0 : weights.octree,
  };
}

function outsideIsNewer(inputs: readonly string[], octree: string, facts: Facts): boolean {
  const made = facts(octree)?.modified ?? Number.POSITIVE_INFINITY;
  return inputs.some((name) => !isInside(name) && (facts(name)?.modified ?? 0) > made);
}

/** A small picture that fills the ambient file evenly; once a job, and only where there is nothing in it yet. */
function overtureTask({ rif, views, current, reportSeconds }: TaskInput, after: number[]): Draft | null {
  const [view] = views;
  if (view?.overture == null || view.ambient === null) return null;
  if (current.octree && current.ambient(view)) return null;
  return {
    step: 'overture',
    name: `${rif.root}.overture`,
    view: view.name,
    deeds: [...guards([view.ambient]), run(view.overture, rpictArgs(view.overture, reportSeconds), { to: 'null' })],
    after,
    holds: [`ambient:${view.ambient}`],
    makes: [],
    litter: [],
    afterwards: [],
    unless: null,
    weight: weights.overture,
  };
}

function viewTask({ rif, views, reportSeconds }: TaskInput, view: UnderstoodView, after: number[]): Draft {
  const depth = view.depth === null ? [] : [view.depth];
  const ambient = view.ambient === null ? [] : [view.ambient];
  const sink = pictureSink(rif, view);
  const deeds = [...guards(ambient), run(view.render, rpictArgs(view.render, reportSeconds), sink)];
  // The filter reads it under its final name, and can do so again.
  const result = view.filter === null ? view.picture : view.keptRaw;
  if (result !== null) deeds.push({ do: 'rename', from: view.raw, to: result });
  return {
    step: 'view',
    name: `${rif.root}.${view.name}`,
    view: view.name,
    deeds,
    after,
    holds: [`view:${view.picture}`, ...ambient.map((path) => `ambient:${path}`)],
    makes: result === null ? depth : [result, ...depth],
    litter: [view.raw, ...depth, sink.aside, sink.record],
    // Of an attempt that was lost. The raw picture that the filter reads is the filter's to remove.
    afterwards: [sink.aside, sink.record, `proc/${rif.root}.${view.name}.pid`, ...(result === null ? [] : [view.raw])],
    unless: null,
    weight: viewWeight(view, views),
  };
}

function pictureSink(rif: Rif, view: UnderstoodView): PictureSink {
  return {
    to: 'picture',
    path: view.raw,
    aside: `${view.raw}.aside`,
    record: `proc/${rif.root}.${view.name}.partial`,
    inputs: valuesOf(view.render, 'input'),
  };
}

function rpictArgs(command: ProgramCommand, reportSeconds: number): string[] {
  return ['-t', `${reportSeconds}`, ...command.options.flatMap(wordsOfOption), ...command.operands];
}

function viewWeight(view: UnderstoodView, views: readonly UnderstoodView[]): number {
  const mean = views.reduce((sum, { pixels }) => sum + pixels, 0) / views.length;
  return mean > 0 && view.pixels > 0 ? Math.max(1, Math.round((weights.view * view.pixels) / mean)) : weights.view;
}

function filterTask(rif: Rif, view: UnderstoodView, rendered: number): Draft | null {
  if (view.filter === null) return null;
  const fresh = `${view.picture}.part`;
  const source = view.keptRaw ?? view.raw;
  return {
    step: 'filter',
    name: `${rif.root}.${view.name}.filter`,
    view: view.name,
    deeds: [
      run(view.filter, [...view.filter.options.flatMap(wordsOfOption), source], { to: 'file', path: fresh }),
      { do: 'rename', from: fresh, to: view.picture },
    ],
    after: [rendered],
    holds: [`view:${view.picture}`],
    makes: [view.picture],
    litter: [fresh],
    afterwards: view.keptRaw === null ? [view.raw] : [],
    unless: null,
    weight: weights.filter,
  };
}

function guards(paths: readonly string[]): Deed[] {
  return paths.map((path) => ({ do: 'guard', path }));
}

function remove(path: string): Deed {
  return { do: 'remove', path };
}

/** A view called `octree` must not share its log with the octree. */
function unused(name: string, names: Set<string>): string {
  const free = names.has(name) ? unused(`${name}_`, names) : name;
  names.add(free);
  return free;
}

function directoriesOf(draft: Draft): string[] {
  const files = [...draft.makes, ...draft.litter];
  for (const deed of draft.deeds) {
    if (deed.do === 'rename') files.push(deed.to);
    if (deed.do === 'run' && 'path' in deed.stdout) files.push(deed.stdout.path);
  }
  for (const held of draft.holds) if (held.startsWith('ambient:')) files.push(held.slice('ambient:'.length));
  const directories = files.map((file) => posix.dirname(file)).filter((directory) => directory !== '.');
  return [...new Set(['logfiles', 'proc', ...directories])];
}
