import type { Project } from '../model/job.ts';
import type { RunDeed } from '../model/task.ts';
import type { HostSettings } from '../protocol/inner.ts';
import { serviceOf } from '../renderers/programs.ts';
import { performLit } from './indirect/perform-lit.ts';
import { paint } from './paint.ts';
import { failure, type Performed, type Scene } from './perform.ts';
import { LostSpawner } from './run.ts';
import { type Contained, type Containment, NotContained } from './sandbox/containment.ts';

/** What the programs of a simulation have in common. */
export type Surrounding = Omit<Scene, 'contained'>;

export interface Container {
  readonly project: Project;
  readonly settings: HostSettings;
  readonly containment: Pick<Containment, 'enter'>;
}

/** Runs one program of a simulation, contained as the settings of its service say. */
export async function performContained(deed: RunDeed, scene: Surrounding, container: Container): Promise<Performed> {
  let contained: Contained;
  try {
    contained = await contain(deed.program, scene, container);
  } catch (error) {
    if (error instanceof LostSpawner) return { outcome: { is: 'stopped' }, warnings: [], usage: null };
    if (!(error instanceof NotContained)) throw error;
    return { outcome: failure(error.message), warnings: [], usage: null };
  }
  try {
    const { stdout } = deed;
    const inside = { ...scene, contained };
    return await (stdout.to === 'picture' ? paint(deed, stdout, inside) : performLit(deed, inside));
  } finally {
    contained.leave();
  }
}

function contain(program: string, { task, where, env }: Surrounding, container: Container): Promise<Contained> {
  const { project, settings, containment } = container;
  const service = task.step === 'frame' ? serviceOf(program) : 'radiance';
  return containment.enter({ program, service, project, where, env, settings });
}
