import { posix } from 'node:path';
import { Refusal } from '../../model/refusal.ts';
import { type Facts, inputsOf, type OutputFile, outputsOf } from './files.ts';
import type { Rif } from './rif.ts';
import { type Understood, valuesOf } from './understood.ts';
import { shown } from './words.ts';

/** What a job writes is not what somebody needs. */

/**
 * Outputs must not be what goes in, not each other, and not where we keep our own files.
 * @throws Refusal `plan-refused`
 */
export function requireSeparate(understood: Understood, rif: Rif): void {
  const inputs = new Set([rif.file, ...inputsOf(rif), ...namedInputs(understood)].map(posix.normalize));
  const seen = new Map<string, OutputFile>();
  for (const output of outputsOf(understood)) {
    const path = posix.normalize(output.path);
    if (inputs.has(path)) throw refusal(rif, output, 'goes into the simulation, too');
    const other = seen.get(path);
    if (other) throw refusal(rif, output, `is the ${other.what} already`);
    const [first = ''] = path.split('/');
    if (first === 'proc' || first === 'logfiles' || first.startsWith('.')) {
      throw refusal(rif, output, `lies in ${shown(first)}, which is not for results`);
    }
    seen.set(path, output);
  }
}

/**
 * What is there under an output's name must be such a file, or empty: sources are not overwritten by mistake.
 * @throws Refusal `plan-refused`
 */
export function requireOverwritable(understood: Understood, rif: Rif, facts: Facts): void {
  for (const output of outputsOf(understood)) {
    const fact = facts(output.path);
    if (fact?.is === 'directory') throw refusal(rif, output, 'is a directory');
    if (fact?.is === 'other' && !output.named) {
      throw refusal(rif, output, 'is there and no file of Radiance: it is not overwritten');
    }
  }
}

/** Files that renderers' options name for reading, but for photon maps, which are made. */
function namedInputs({ views, photonMaps }: Understood): string[] {
  const commands = views.flatMap(({ overture, render }) => (overture === null ? [render] : [overture, render]));
  return commands.flatMap((command) => valuesOf(command, 'input')).filter((name) => !photonMaps.includes(name));
}

function refusal(rif: Rif, output: OutputFile, why: string): Refusal {
  return new Refusal('plan-refused', `${rif.file}: ${shown(output.path)} cannot be the ${output.what}: it ${why}.`);
}
