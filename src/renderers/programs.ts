import type { Service } from '../model/service.ts';
import { failureOf as anyFailureOf, progressOf as anyProgressOf } from './any-program.ts';
import { blender } from './blender/blender.ts';
import { povray } from './povray/povray.ts';
import { progressOf } from './radiance/progress.ts';
import { failureOf, warningOf } from './radiance/verdict.ts';
import type { Understanding } from './understanding.ts';

export const radiance: Understanding = { progressOf, warningOf, failureOf };
const any: Understanding = { progressOf: anyProgressOf, warningOf: () => null, failureOf: anyFailureOf };

const ofRadiance =
  'rpict rtrace rcontrib rfluxmtx rsensor oconv mkillum mkpmap pfilt pcomb pcond pvalue evalglare gendaylit genskyvec rad dctimestep';
const known: ReadonlyMap<string, Understanding> = new Map([
  ...ofRadiance.split(' ').map((name) => [name, radiance] as const),
  ['povray', povray],
  ['blender', blender],
]);

/** What is known of a program, by its name with or without a path. */
export function understandingOf(program: string): Understanding {
  return known.get(nameOf(program)) ?? any;
}

/** Whose settings hold for a program. */
export function serviceOf(program: string): Service {
  const understanding = understandingOf(program);
  if (understanding === radiance) return 'radiance';
  if (understanding === povray) return 'povray';
  return understanding === blender ? 'blender' : 'command';
}

function nameOf(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}
