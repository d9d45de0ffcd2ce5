import { GateError } from '../../ambient/waiting.ts';
import type { RunDeed } from '../../model/task.ts';
import { ambientDamage } from '../../renderers/radiance/verdict.ts';
import { type Failed, failure, type Performed, perform, type Scene } from '../perform.ts';
import { isLit, type LitDeed } from './models.ts';
import type { Share } from './shares.ts';
import { Watch } from './watch.ts';

/** Not worth a warning. */
const usual = / is made anew\.$/;
/** Nor is this, of a file that was frozen: nobody is to add to it. */
const readOnly = /: loaded \d+ values from read-only ambient file$/;

/**
 * Runs one program; one of Radiance that keeps its indirect light, only as its ambient file allows.
 * @throws FileError if its files cannot be opened
 */
export async function performLit(deed: RunDeed, scene: Scene): Promise<Performed> {
  if (!isLit(deed)) return await perform(deed, scene);
  const { directory, env, attempt, contained, reins, papers, turn, heard } = scene;
  // Who has a lock on the file and only waits for a slot would keep those from it that have one.
  if (!(await turn.comes())) return nothingRan({ is: 'stopped' });
  const giveUp = () => {
    // It waits for others: that is not its silence.
    heard();
    return reins.ending;
  };
  let share: Share | null;
  try {
    share = await scene.shares.enter(deed, { directory, env, attempt, tmp: contained.tmp, giveUp });
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return nothingRan(refusal(error, deed));
  }
  if (share !== null) return await performShared(deed, scene, share);
  await papers.log.write('# its ambient file holds values already: not run\n');
  return nothingRan(null);
}

function nothingRan(outcome: Performed['outcome']): Performed {
  return { outcome, warnings: [], usage: null };
}

function refusal({ why, message }: GateError, { ambient }: LitDeed): Performed['outcome'] {
  if (why === 'given up') return { is: 'stopped' };
  // What fills it is done again, and mends or makes it.
  return ambient.use === 'frozen' ? { ...failure(message), damaged: true } : failure(message);
}

async function performShared(deed: LitDeed, scene: Scene, share: Share): Promise<Performed> {
  const { reins, papers } = scene;
  for (const note of share.notes) await papers.log.write(`# ${note}\n`);
  const told = share.notes.length;
  const watch = new Watch(share, scene);
  let performed: Performed | null = null;
  let left: Left;
  try {
    performed = await perform({ ...deed, args: [...share.args], ambient: null }, watch.scene);
  } finally {
    await watch.close();
    const stray = share.mayHaveWritten ? watch.stray : null;
    left = await leave(share, stray ?? (performed && !reins.ending ? damageIn(performed) : null));
  }
  const after = [...share.notes.slice(told), ...left.notes];
  for (const note of after) await papers.log.write(`# ${note}\n`);
  const notes = [...share.notes.slice(0, told), ...after].filter((note) => !usual.test(note));
  const outcome = watch.hung === null ? performed.outcome : hungBy(watch.hung, performed);
  const said = performed.warnings.filter((line) => deed.ambient.use !== 'frozen' || !readOnly.test(line));
  const all = { ...performed, outcome, warnings: [...said, ...notes] };
  if (reins.ending || performed.outcome?.is === 'stopped') return all;
  if (watch.stray !== null) return { ...all, outcome: doneAgain(watch.stray, performed) };
  if (left.damage === null) return all;
  return { ...all, outcome: doneAgain(`The ambient file was damaged: ${left.damage}`, performed) };
}

interface Left {
  readonly damage: string | null;
  readonly notes: readonly string[];
}

/** What cannot be looked at afterwards takes nothing from what was made. */
async function leave(share: Share, heard: string | null): Promise<Left> {
  try {
    return { damage: await share.leave(heard), notes: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    return { damage: heard, notes: [`The ambient file could not be looked at afterwards: ${why}.`] };
  }
}

function damageIn({ outcome, warnings }: Performed): string | null {
  const lines = outcome?.is === 'failed' ? [...outcome.lastLines, ...warnings] : warnings;
  return lines.map(ambientDamage).find((says) => says !== null) ?? null;
}

function hungBy(why: string, { outcome }: Performed): Performed['outcome'] {
  return outcome?.is === 'failed' ? { ...outcome, reason: why } : outcome;
}

function doneAgain(reason: string, { outcome, warnings, usage }: Performed): Failed {
  const failed = outcome?.is === 'failed' ? outcome : { ...failure(''), lastLines: [...warnings], usage };
  return { ...failed, reason, damaged: true };
}
