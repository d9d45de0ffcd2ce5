import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AmbientMode } from '../../src/model/job.ts';
import type { FileFact } from '../../src/renderers/radiance/files.ts';
import { type Plan, type PlanInput, readPlan } from '../../src/renderers/radiance/plan.ts';
import { radCall } from '../../src/renderers/radiance/rad-call.ts';
import { type Rif, readRif } from '../../src/renderers/radiance/rif.ts';

/** Descriptions in test/fixtures/rad and what the real rad printed for them (collect.mjs). */
const directory = join(import.meta.dirname, '../../../test/fixtures/rad');
export const project = '/projects/room';

export const fixtureNames = ['room', 'plain', 'high', 'illum', 'raw', 'kept', 'photons', 'octree', 'odd'] as const;
export type FixtureName = (typeof fixtureNames)[number];

export function fixtureText(file: string): string {
  return readFileSync(join(directory, file), 'utf8');
}

export function fixtureRif(name: FixtureName): Rif {
  return readRif(fixtureText(`${name}.rif`), { rif: `${name}.rif`, set: [] }, project);
}

export function fixtureInput(name: FixtureName): PlanInput {
  const rif = fixtureRif(name);
  const call = radCall(rif, '7');
  const optionFiles = new Map([['fine.opt', fixtureText('fine.opt')]]);
  const options = `${name}.rif.opt`;
  if (call.optionFile !== null && existsSync(join(directory, options))) {
    optionFiles.set(call.optionFile, fixtureText(options));
  }
  return { rif, call, printed: fixtureText(`${name}.rif.txt`), optionFiles };
}

export interface Wish {
  readonly views?: string[];
  readonly force?: boolean;
  readonly ambient?: AmbientMode;
  readonly slots?: number;
  /** Times of files; null: it cannot be seen. */
  readonly files?: Record<string, number | FileFact | null>;
}

/** The plan of a fixture; inputs of the scene are as old as time 10 unless told otherwise. */
export function planOf(name: FixtureName, wish: Wish = {}): Plan {
  return planFrom(fixtureInput(name), wish);
}

export function planFrom(input: PlanInput, wish: Wish = {}): Plan {
  const { rif } = input;
  const inputs = [...rif.materials, ...rif.scene, ...rif.objects, ...rif.illum];
  const files: Record<string, number | FileFact | null> = {
    ...Object.fromEntries(inputs.map((file) => [file, 10])),
    ...wish.files,
  };
  return readPlan(input, {
    request: { views: wish.views ?? [], force: wish.force ?? false, ambient: wish.ambient ?? 'shared' },
    facts: (path) => {
      const fact = files[path];
      return typeof fact === 'number' ? { modified: fact, frozen: false, is: 'radiance' } : (fact ?? null);
    },
    reportSeconds: 1,
    slots: wish.slots ?? 4,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
  });
}
