import type { AmbientMode, RadianceRequest } from '../../model/job.ts';
import { Refusal } from '../../model/refusal.ts';
import type { TaskPlan } from '../../model/task.ts';
import { optionFilesOf } from './command.ts';
import { currency } from './currency.ts';
import type { Facts } from './files.ts';
import { type Digest, isIndirect } from './indirect.ts';
import { requireOverwritable, requireSeparate } from './outputs.ts';
import { readPrinted, requireAgreement } from './printed.ts';
import type { RadCall } from './rad-call.ts';
import { noRadiance } from './radiance.ts';
import type { Rif } from './rif.ts';
import { makeTasks } from './tasks.ts';
import { choose, type Understood, type UnderstoodView, understand } from './understood.ts';
import { wordsOf } from './variables.ts';
import { oddity, outputName, shown } from './words.ts';

/**
 * A Radiance job's plan: what rad printed, made into tasks of our own. Nothing here reads a file or runs a program; the
 * caller goes this way: `readRif`, `radCall`, run rad (`radFailure` if that fails), `optionFilesToRead` until none is
 * left, remove the call's litter, `readUnderstood`, look at `filesToLookAt`, `readPlan`.
 */
export interface Plan {
  readonly tasks: TaskPlan[];
  /** Such as `View "inside" is up to date.` */
  readonly notes: string[];
  /** Names of the views that are rendered. */
  readonly views: string[];
}

/**
 * Option files that must be read before the plan can be: relative to the project.
 * Ask again with their contents until it is empty, as rad's own options file may name further ones.
 * @param contents of those read so far, by name
 * @throws Refusal for one outside the project
 */
export function optionFilesToRead(
  printed: string,
  rif: Rif,
  call: RadCall,
  contents: ReadonlyMap<string, string>,
): string[] {
  const names = new Set(readPrinted(printed).commands.flatMap(optionFilesOf));
  const own = call.optionFile === null ? undefined : contents.get(call.optionFile);
  for (const word of wordsOf(own ?? '')) if (word.startsWith('@')) names.add(word.slice(1));
  for (const name of names) {
    if (oddity(name) !== null || outputName(`${rif.file}: the option file`, name, rif.directory) !== name) {
      throw new Refusal(
        'plan-refused',
        `${rif.file}: the option file ${shown(name)} must be named relative to the project.`,
      );
    }
  }
  return [...names].filter((name) => !contents.has(name));
}

export interface PlanInput {
  readonly rif: Rif;
  readonly call: RadCall;
  /** What rad printed. */
  readonly printed: string;
  /** Contents of all files that {@link optionFilesToRead} names. */
  readonly optionFiles: ReadonlyMap<string, string>;
}

/**
 * What rad would do.
 * @throws Refusal `plan-refused` for what we do not let through, `plan-failed` where rad's print makes no sense
 */
export function readUnderstood({ rif, call, printed, optionFiles }: PlanInput): Understood {
  const read = readPrinted(printed);
  requireAgreement(read, rif, call);
  const understood = understand(read, rif, call, { contents: optionFiles, outer: call.optionFile });
  requireSeparate(understood, rif);
  return understood;
}

export interface PlanRequest {
  readonly request: Pick<RadianceRequest, 'views' | 'force' | 'ambient'>;
  /** Facts of all files that {@link filesToLookAt} names. */
  readonly facts: Facts;
  /** Seconds between progress reports. */
  readonly reportSeconds: number;
  /** Simulations that may run at a time. */
  readonly slots: number;
  readonly digest: Digest;
}

/**
 * The whole way from rad's print to tasks.
 * @throws Refusal also `unknown-view`
 */
export function readPlan(input: PlanInput, wanted: PlanRequest): Plan {
  const understood = readUnderstood(input);
  const { rif } = input;
  requireOverwritable(understood, rif, wanted.facts);
  const current = currency(understood, rif, wanted.facts);
  const chosen = choose(understood, rif, wanted.request.views);
  const upToDate = wanted.request.force ? [] : chosen.filter(current.view);
  const views = chosen.filter((view) => !upToDate.includes(view));
  const { mode, note } = ambientMode(understood, views, wanted);
  const scene = { octree: understood.octree, objects: rif.objects };
  const more = { understood, rif, scene, views, wanted: chosen, current, mode };
  return {
    tasks: views.length === 0 ? [] : makeTasks({ ...wanted, ...more }),
    notes: [...upToDate.map(({ name }) => `View "${name}" is up to date (--force makes it again).`), ...note],
    views: views.map(({ name }) => name),
  };
}

/** What was asked for, if it can be, and a sentence where it cannot. */
function ambientMode(
  { octree, making }: Understood,
  views: readonly UnderstoodView[],
  { request, facts }: PlanRequest,
): { mode: AmbientMode; note: string[] } {
  const mode = request.ambient;
  const isKept = mode !== 'none' && views.some(({ render }) => isIndirect(render));
  // An octree that names files of the scene says nothing of what is in them.
  if (isKept && making.length === 0 && facts(octree)?.frozen !== true) {
    const why = `${octree} is not frozen: it cannot be told whether light computed before is of the same scene`;
    return { mode: 'none', note: [`${why}, so none is kept or shared (oconv -f freezes an octree).`] };
  }
  const hasNothing = mode === 'freeze' && !isKept && views.length > 0;
  return { mode, note: hasNothing ? ['No view computes indirect light (-ab above 0): nothing is frozen.'] : [] };
}

/**
 * Why rad printed no plan.
 * @param stderr its messages, or the end of them
 */
export function radFailure(rif: string, exit: number | null, signal: string | null, stderr: string): Refusal {
  const said = messageOf(stderr);
  if (signal !== null) {
    return new Refusal(
      'plan-failed',
      `rad was ended by ${signal} while reading ${rif}: an option or a name may be too long for it.`,
    );
  }
  if (exit === 127) return new Refusal('no-radiance', noRadiance('rad'));
  const reason =
    said === null ? `it ended with status ${exit ?? 'unknown'} and said nothing` : shown(said).slice(1, -1);
  return new Refusal('plan-failed', `rad cannot plan ${rif}: ${reason.replace(/\.$/, '')}.`);
}

/** The message of a program that rad called says more than rad's own after it. */
function messageOf(stderr: string): string | null {
  const lines = stderr.split('\n').map((line) => line.trim());
  const said = lines.filter((line) => line !== '' && !line.includes('warning - '));
  const marked = /^\S+: (?:fatal|system|internal) - /;
  const line = said.findLast((each) => marked.test(each)) ?? said.at(-1);
  return line?.replace(marked, '').replace(/^rad: /, '') ?? null;
}
