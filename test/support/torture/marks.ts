import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskView } from '../../../src/protocol/api.ts';

/** What a task's own programs wrote down: see test/fixtures/torture/marked. */
export interface Mark {
  readonly what: 'start' | 'end' | 'twice';
  /** Seconds, as /proc/uptime has them. */
  readonly at: number;
  readonly pid: number;
}

/** The marks of one task, in order; none if it ran nothing. */
export function marksOf(directory: string, task: Pick<TaskView, 'name' | 'step'>): Mark[] {
  const path = join(directory, markName(task));
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [what, at, pid] = line.split(' ');
    return { what: what as Mark['what'], at: Number(at), pid: Number(pid) };
  });
}

/** How often it was started. */
export function startsOf(directory: string, task: Pick<TaskView, 'name' | 'step'>): number {
  return marksOf(directory, task).filter(({ what }) => what === 'start').length;
}

/** A task `p1.v2` writes `p1_v2.unf`, its filter `p1.v2.filter` the picture, `p1.octree` the octree. */
function markName({ name, step }: Pick<TaskView, 'name' | 'step'>): string {
  const [job = '', view = ''] = name.split('.');
  if (step === 'octree') return `oconv:${job}.oct.part`;
  return step === 'filter' ? `pfilt:${job}_${view}.hdr.part` : `rpict:${job}_${view}.unf`;
}
