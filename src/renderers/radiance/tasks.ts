import { posix } from 'node:path';
import type { Deed, PictureSink, TaskPlan } from '../../model/task.ts';
import { wordsOfOption } from './command.ts';
import { type Draft, guards, runLit, type TaskInput, weights } from './draft.ts';
import { type Facts, inputsOf } from './files.ts';
import { fillingTasks } from './filling.ts';
import { directoryOf, type Fill, fillsOf, isIndirect, renderOf } from './indirect.ts';
import { makingDeeds, run } from './making.ts';
import type { Rif } from './rif.ts';
import { type UnderstoodView, valuesOf } from './understood.ts';
import { isInside } from './words.ts';

/** The tasks of a job: octree, what fills the ambient file, then each view and its filter. */
export function makeTasks(input: TaskInput): TaskPlan[] {
  const tasks: TaskPlan[] = [];
  const names = new Set<string>();
  const add = (draft: Draft): number => {
    const number = tasks.length + 1;
    tasks.push({ number, ...draft, name: unused(draft.name, names), directories: directoriesOf(draft) });
    return number;
  };
  const octree = octreeTask(input);
  const made = octree === null ? [] : [add(octree)];
  const fills = input.mode === 'freeze' ? fillsOf(input.wanted, input.scene, input.digest) : [];
  const filled = fillingTasks(input, fills, made).map(add);
  for (const view of input.views) {
    const after = filled.length > 0 && isIndirect(view.render) ? filled : made;
    const fill = fills.find(({ views }) => views.includes(view)) ?? null;
    const rendered = add(viewTask(input, view, fill, after));
    const filter = filterTask(input.rif, view, rendered);
    if (filter !== null) add(filter);
  }
  return tasks;
}

/** Everything up to the first picture: made by one at a time, others find it current. */
function octreeTask({ understood, rif, current, facts, reportSeconds }: TaskInput): Draft | null {
  if (understood.making.length === 0) return null;
  const { deeds, litter } = makingDeeds(understood, rif, reportSeconds);
  const inputs = inputsOf(rif);
  const octreeIsFresh = current.octree || !outsideIsNewer(inputs, understood.octree, facts);
  const skippable = octreeIsFresh && (current.octree || understood.photonMaps.length === 0);
  return {
    step: 'octree',
    name: `${rif.root}.octree`,
    view: null,
    deeds: [...understood.photonMaps.map(remove), ...deeds],
    after: [],
    holds: [`octree:${understood.octree}`],
    makes: [],
    litter: [...litter],
    afterwards: [],
    unless: skippable ? { output: understood.octree, inputs: inputs.filter(isInside) } : null,
    weight: current.octree ? 0 : weights.octree,
  };
}

function outsideIsNewer(inputs: readonly string[], octree: string, facts: Facts): boolean {
  const made = facts(octree)?.modified ?? Number.POSITIVE_INFINITY;
  return inputs.some((name) => !isInside(name) && (facts(name)?.modified ?? 0) > made);
}

function viewTask(
  { rif, scene, views, mode, reportSeconds }: TaskInput,
  view: UnderstoodView,
  fill: Fill | null,
  after: number[],
): Draft {
  const depth = view.depth === null ? [] : [view.depth];
  const sink = pictureSink(rif, view);
  const render = renderOf(view, scene, mode, fill);
  const deeds = [...guards(render), runLit(render, reportSeconds, sink)];
  // The filter reads it under its final name, and can do so again.
  const result = view.filter === null ? view.picture : view.keptRaw;
  if (result !== null) deeds.push({ do: 'rename', from: view.raw, to: result });
  return {
    step: 'view',
    name: `${rif.root}.${view.name}`,
    view: view.name,
    deeds,
    after,
    holds: [`view:${view.picture}`],
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
  const ambient = draft.deeds.flatMap((deed) => (deed.do === 'run' && deed.ambient ? [directoryOf(deed.ambient)] : []));
  const directories = [...files.map((file) => posix.dirname(file)), ...ambient];
  return [...new Set(['logfiles', 'proc', ...directories.filter((directory) => directory !== '.')])];
}
