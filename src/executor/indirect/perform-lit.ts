import { GateError } from '../../ambient/waiting.ts';
import type { RunDeed } from '../../model/task.ts';
import { ambientDamage } from '../../renderers/radiance/verdict.ts';
import { type Failed, failure, type Performed, perform, type Scene } from '../perform.ts';
import { LitRun } from './lit-run.ts';
import { isLit } from './models.ts';
import { Gone, type Share } from './shares.ts';

/** Not worth a warning. */
const usual = / is made anew\.$/;

/**
 * Runs one program; one of Radiance that keeps its indirect light, only as its ambient file allows.
 * @throws FileError if its files cannot be opened
 */
export async function performLit(deed: RunDeed, scene: Scene): Promise<Performed> {
  if (!isLit(deed)) return await perform(deed, scene);
  const { directory, env, attempt, reins, papers } = scene;
  let share: Share | null;
  try {
    share = await scene.shares.enter(deed, { directory, env, attempt, giveUp: () => reins.ending });
  } catch (error) {
    if (error instanceof Gone)
      return { outcome: { ...failure(error.message), damaged: true }, warnings: [], usage: null };
    if (!(error instanceof GateError)) throw error;
    return {
      outcome: error.why === 'given up' ? { is: 'stopped' } : failure(error.message),
      warnings: [],
      usage: null,
    };
  }
  if (share !== null) return await performShared(deed, scene, share);
  await papers.log.write('# its ambient file holds values already: not run\n');
  return { outcome: null, warnings: [], usage: null };
}

async function performShared(deed: RunDeed, scene: Scene, share: Share): Promise<Performed> {
  const { reins, papers } = scene;
  for (const note of share.notes) await papers.log.write(`# ${note}\n`);
  const told = share.notes.length;
  let performed: Performed | null = null;
  let damage: string | null = null;
  try {
    performed = await perform({ ...deed, args: [...share.args], ambient: null }, watched(scene, share));
  } finally {
    damage = await share.leave(performed && !reins.ending ? damageIn(performed) : null);
  }
  for (const note of share.notes.slice(told)) await papers.log.write(`# ${note}\n`);
  const warnings = [...performed.warnings, ...share.notes.filter((note) => !usual.test(note))];
  if (damage === null || reins.ending || performed.outcome?.is === 'stopped') return { ...performed, warnings };
  return { ...performed, warnings, outcome: damagedBy(damage, performed) };
}

/** Others may write as soon as it has said how far it is: then it has read the file. */
function watched(scene: Scene, share: Share): Scene {
  return {
    ...scene,
    rein: (run) => new LitRun(run, share, scene.clock),
    progressed: (fraction) => {
      share.opened();
      scene.progressed(fraction);
    },
  };
}

function damageIn({ outcome, warnings }: Performed): string | null {
  const lines = outcome?.is === 'failed' ? [...outcome.lastLines, ...warnings] : warnings;
  return lines.map(ambientDamage).find((says) => says !== null) ?? null;
}

function damagedBy(damage: string, { outcome, warnings, usage }: Performed): Failed {
  const failed = outcome?.is === 'failed' ? outcome : { ...failure(''), lastLines: [...warnings], usage };
  return { ...failed, reason: `The ambient file was damaged: ${damage}`, damaged: true };
}
