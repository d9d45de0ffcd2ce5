import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobView, TaskView } from '../../../src/protocol/api.ts';

/** What a task's own programs wrote down: see test/fixtures/torture/marked. */
export interface Mark {
  readonly what: 'start' | 'end' | 'twice';
  /** Seconds, as /proc/uptime has them. */
  readonly at: number;
  readonly pid: number;
  /** Such as 12.3.1; empty where the program was not told. */
  readonly attempt: string;
}

/** What is needed to find a task's marks. */
export interface Marked {
  readonly job: Pick<JobView, 'name'>;
  readonly task: Pick<TaskView, 'name' | 'step' | 'frame'>;
}

/** The marks of one task, in order; none if it ran nothing. */
export function marksOf(directory: string, marked: Marked): Mark[] {
  const path = join(directory, markName(marked));
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [what, at, pid, attempt = ''] = line.split(' ');
    return { what: what as Mark['what'], at: Number(at), pid: Number(pid), attempt };
  });
}

export function startsOf(directory: string, marked: Marked): Mark[] {
  return marksOf(directory, marked).filter(({ what }) => what === 'start');
}

/** A task `p1.v2` writes `p1_v2.unf`, its filter `p1.v2.filter` the picture, `p1.octree` the octree. */
function markName({ job, task: { name, step, frame } }: Marked): string {
  const [root = '', view = ''] = name.split('.');
  if (step === 'frame') return `frame:${job.name}.${frame}`;
  if (step === 'octree') return `oconv:${root}.oct.part`;
  return step === 'filter' ? `pfilt:${root}_${view}.hdr.part` : `rpict:${root}_${view}.unf`;
}
