import { closeSync } from 'node:fs';
import type { Project } from '../model/job.ts';
import type { Log } from '../protocol/end.ts';
import { removeBelow } from './below.ts';
import type { Claims } from './claims.ts';
import { inProject, openProject } from './project.ts';

/** Removes files of a project; whoever deleted the project has no use for its order. */
export function tidy(project: Project, paths: readonly string[], log: Log): void {
  try {
    const directory = openProject(project);
    try {
      for (const path of paths) removeBelow(directory, path);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    log('warn', `procwrap: ${(error as Error).message}`);
  }
}

/** The same of a task that is over, unless another rayserver makes the same thing by now, in files of these names. */
export async function tidyUnclaimed(
  project: Project,
  paths: readonly string[],
  {
    claims,
    holds,
    log,
  }: { readonly claims: Pick<Claims, 'tidy'>; readonly holds: readonly string[]; readonly log: Log },
): Promise<void> {
  try {
    await inProject(project, (directory) =>
      claims.tidy(directory, holds, () => {
        for (const path of paths) removeBelow(directory, path);
      }),
    );
  } catch (error) {
    log('warn', `procwrap: ${(error as Error).message}`);
  }
}
