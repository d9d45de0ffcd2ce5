import type { Ambient, Deed, RunDeed } from '../../model/task.ts';
import { type Command, type ProgramCommand, wordsOfOption } from './command.ts';
import { numberedOctree } from './rad-call.ts';
import type { Rif } from './rif.ts';
import type { Understood } from './understood.ts';

/** The deeds that make an octree, its illum sources and its photon maps. Nothing unfinished ever has a final name. */
export interface Making {
  readonly deeds: readonly Deed[];
  /** What is left behind if they stop half-way. */
  readonly litter: readonly string[];
}

/** @param reportSeconds seconds between progress reports */
export function makingDeeds(understood: Understood, rif: Rif, reportSeconds: number): Making {
  const before = numberedOctree(rif.octree, '0');
  const illumSources = `${understood.octree}.illum`;
  const named = renamer(understood.making, illumSources);
  const deeds: Deed[] = [];
  const litter: string[] = [...understood.photonMaps];
  const write = (command: ProgramCommand, args: readonly string[], path: string, temporary: boolean): void => {
    const fresh = temporary ? path : `${path}.part`;
    deeds.push(run(command, args, { to: 'file', path: fresh }));
    litter.push(fresh);
    if (!temporary) deeds.push({ do: 'rename', from: fresh, to: path });
  };
  for (const command of understood.making) {
    if (command.is === 'move') continue;
    if (command.is === 'remove') {
      // rad also removes the ambient file here if it is old; whether its values are of this octree is seen later.
      if (command.path !== rif.ambient) deeds.push({ do: 'remove', path: named(command.path) });
      continue;
    }
    const words = [...command.options.flatMap(wordsOfOption), ...command.operands].map(named);
    if (command.program === 'mkpmap') {
      deeds.push(run(command, ['-t', `${reportSeconds}`, ...words], { to: 'log' }));
    } else if (command.output !== null) {
      const path = named(command.output);
      const freeze = command.program === 'oconv' && path === understood.octree && !words.includes('-f');
      write(command, freeze ? ['-f', ...words] : words, path, path === before || path === illumSources);
    }
  }
  return { deeds, litter };
}

/** rad gives the illum sources another name each time and puts them at the top of the project. */
function renamer(making: readonly Command[], illumSources: string): (word: string) => string {
  const mkillum = making.find((command) => command.is === 'program' && command.program === 'mkillum');
  const temporary = mkillum?.is === 'program' ? mkillum.output : null;
  return (word) => (word === temporary ? illumSources : word);
}

export function run(
  command: ProgramCommand,
  args: readonly string[],
  stdout: RunDeed['stdout'],
  ambient: Ambient | null = null,
): RunDeed {
  return { do: 'run', program: command.program, args: [...args], stdin: null, stdout, ambient };
}
