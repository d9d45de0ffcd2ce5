import { Refusal } from '../../model/refusal.ts';
import type { RadCall } from './rad-call.ts';
import type { Rif } from './rif.ts';
import { variableNamed, wordsOf } from './variables.ts';
import { inputName, shown } from './words.ts';

/** What `rad -n -e` prints: `NAME=value` lines and commands, each after a tab. */
export interface Printed {
  readonly variables: ReadonlyMap<string, readonly string[]>;
  readonly commands: readonly string[];
}

export function readPrinted(text: string): Printed {
  const variables = new Map<string, string[]>();
  const commands: string[] = [];
  let more: ((line: string) => void) | null = null;
  let isWrapped = false;
  for (const line of text.split('\n')) {
    const continues = isWrapped;
    isWrapped = line.endsWith(' \\') && !line.startsWith('\t');
    if (continues) {
      more?.(line);
      continue;
    }
    const found = /^([A-Za-z]+)=(.*)$/.exec(line);
    if (line.startsWith('\t')) {
      commands.push(line.slice(1));
      more = (rest) => commands.push(`${commands.pop()} ${rest}`);
    } else if (found?.[1] !== undefined && variableNamed(found[1]) === found[1]) {
      const values = variables.get(found[1]) ?? [];
      variables.set(found[1], values);
      values.push((found[2] ?? '').trim());
      more = (rest) => values.push(`${values.pop()?.replace(/ \\$/, '')} ${rest.trim()}`);
    } else if (line !== '') {
      // A value with an escaped line end goes on here.
      more?.(line);
    }
  }
  return { variables, commands };
}

/**
 * We and rad read the same file one after the other; what we checked must be what rad used.
 * @throws Refusal if it was changed in between
 */
export function requireAgreement(printed: Printed, rif: Rif, call: RadCall): void {
  const theirs = (name: string): string[] => wordsOf((printed.variables.get(name) ?? []).join(' '));
  const agree = (name: string, expected: readonly string[]): void => {
    const found = theirs(name).map((word) => inputName(`${rif.file}: ${name}`, word, rif.directory));
    if (found.join(' ') === expected.join(' ')) return;
    const now = theirs(name).join(' ');
    throw new Refusal(
      'plan-failed',
      `${rif.file} changed while it was read (${name} is ${shown(now)}): submit it again.`,
    );
  };
  agree('materials', rif.materials);
  agree('scene', rif.scene);
  agree('objects', rif.objects);
  agree('illum', rif.illum);
  agree('OCTREE', [call.octree]);
  agree('PICTURE', [call.picture]);
  agree('RAWFILE', call.raw === null ? [] : [call.raw]);
  agree('OPTFILE', call.optionFile === null ? [] : [call.optionFile]);
}
