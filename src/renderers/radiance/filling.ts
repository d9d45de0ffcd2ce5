import { type Draft, guards, runLit, type TaskInput, weights } from './draft.ts';
import { type Fill, fillOf, isIndirect, overtureOf } from './indirect.ts';

/** What is done once before the views, so that they find something in their ambient file. */
export function fillingTasks(input: TaskInput, fills: readonly Fill[], after: number[]): Draft[] {
  const { rif, views, mode } = input;
  const lighted = views.filter(({ render }) => isIndirect(render));
  const [view] = lighted;
  if (view === undefined) return [];
  const used = fills.filter((fill) => lighted.some((view) => fill.views.includes(view)));
  if (mode === 'freeze') return used.map((fill) => fillTask(input, fill, after));
  if (mode !== 'shared' || !isWorthAnOverture(input)) return [];
  const overture = overtureOf(view, input.scene);
  const deeds = [...guards(overture), runLit(overture, input.reportSeconds, { to: 'null' })];
  return [
    filling({ name: `${rif.root}.overture`, view: view.name, deeds, after, holds: [], weight: weights.overture }),
  ];
}

/**
 * Whether the views should wait for an overture: where two at most start with an empty file, they lose less time by
 * computing some values twice than an overture takes on one processor. Even a single view may be one of many: jobs that
 * are submitted together share a file. By itself it loses nothing, as what an overture finds it need not compute.
 */
function isWorthAnOverture({ slots }: TaskInput): boolean {
  return slots > 2;
}

function fillTask({ rif, reportSeconds }: TaskInput, fill: Fill, after: number[]): Draft {
  return filling({
    name: `${rif.root}.fill`,
    view: null,
    deeds: fillOf(fill).map((overture) => runLit(overture, reportSeconds, { to: 'null' })),
    after,
    holds: [`fill:${fill.ambient.octree}`],
    weight: weights.overture * fill.views.length,
  });
}

function filling(own: Pick<Draft, 'name' | 'view' | 'deeds' | 'after' | 'holds' | 'weight'>): Draft {
  return { step: 'overture', makes: [], litter: [], afterwards: [], unless: null, ...own };
}
