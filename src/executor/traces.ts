import type { TaskPlan } from '../model/task.ts';
import { fileToDisk, namesToDisk, removeBelow } from './below.ts';
import { quietly } from './quietly.ts';

/** What an attempt leaves in its project. */

/** What the task wrote is on disk before it is called done, also what only later tasks need. */
export async function settle(directory: number, { deeds, litter }: TaskPlan): Promise<void> {
  const paths = new Set(litter);
  for (const deed of deeds) if (deed.do === 'rename') paths.add(deed.to);
  for (const path of paths) await fileToDisk(directory, path);
  await namesToDisk(directory, [...paths]);
}

/** Removes what a failed or stopped attempt leaves unfinished. @param unfinished a file that it was writing */
export function clean(directory: number, { name, litter }: TaskPlan, unfinished: string | null): void {
  forgetPid(directory, name);
  for (const path of unfinished === null ? litter : [unfinished, ...litter])
    quietly(() => removeBelow(directory, path));
}

/** It may be that of an attempt that was lost. */
export function forgetPid(directory: number, name: string): void {
  quietly(() => removeBelow(directory, `proc/${name}.pid`));
}
