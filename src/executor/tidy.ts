import { closeSync } from 'node:fs';
import type { Project } from '../model/job.ts';
import type { Log } from '../protocol/end.ts';
import { removeBelow } from './below.ts';
import { openProject } from './project.ts';

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
