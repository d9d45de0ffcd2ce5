import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ownAmbients } from '../../../src/model/task.ts';
import type { JobView, TaskView } from '../../../src/protocol/api.ts';
import { readPictureHeader } from '../../../src/renderers/radiance/picture-header.ts';
import { scanLines } from '../../../src/renderers/radiance/scan-lines.ts';
import type { Kill } from './kills.ts';
import { startsOf } from './marks.ts';
import { processesBelow, uptime } from './processes.ts';

/** What must hold when all is over. Each gives sentences about what does not. */

type Ended = readonly { job: JobView; tasks: readonly TaskView[] }[];

/** Seconds: /proc/uptime goes in steps of 0.01, and a mark is written a moment after it was read. */
const grain = 0.05;
/** Seconds that a program may take, on a busy machine, from when it is started to when it marks that. */
const late = 0.5;

/** A task starts again only because something that carried it was killed in between. */
export function explainedStarts(ended: Ended, marks: string, kills: readonly Kill[]): string[] {
  const ending = kills.filter(({ kind }) => kind !== 'server' && kind !== 'start');
  return ended.flatMap(({ job, tasks }) =>
    tasks.flatMap((task) => {
      const starts = startsOf(marks, { job, task });
      return starts.slice(1).flatMap((start, index) => {
        const before = starts[index]?.at ?? 0;
        const isBetween = ({ from, until }: Kill) => until >= before - late && from <= start.at + grain;
        return ending.some(isBetween)
          ? []
          : [`task ${job.id}.${task.number} (${task.name}) started at ${before} and ${start.at}; nothing was killed`];
      });
    }),
  );
}

/** Attempts are numbered upwards, and the last that started is the one that counts, or that found all made already. */
export function numberedStarts(ended: Ended, marks: string): string[] {
  return ended.flatMap(({ job, tasks }) =>
    tasks.flatMap((task) => {
      const told = startsOf(marks, { job, task }).map(({ attempt }) => attempt);
      const numbers = told.filter((text) => text !== '').map((text) => Number(text.split('.')[2]));
      const upwards = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
      const last = numbers.at(-1) ?? task.attempts;
      return upwards && (last === task.attempts || task.skipped || task.state !== 'done')
        ? []
        : [`task ${job.id}.${task.number} started as ${told.join(', ')}, and says attempt ${task.attempts}`];
    }),
  );
}

/** Every frame made its file, once and for all. */
export function wholeFrames(ended: Ended, project: string): string[] {
  return ended.flatMap(({ job, tasks }) =>
    tasks.flatMap(({ frame, number, state }) => {
      if (frame === null || state !== 'done') return [];
      const file = join(project, 'frames', `${job.name}.${frame}`);
      const text = existsSync(file) ? readFileSync(file, 'utf8') : 'nothing';
      return text === `frame ${frame}\n` ? [] : [`task ${job.id}.${number} wrote ${text}`];
    }),
  );
}

/** Files are there, as long as the job says and with its SHA-256. */
export function wholeResults(ended: Ended, project: string): string[] {
  return ended.flatMap(({ job }) => {
    const none =
      job.kind === 'radiance' && job.state === 'done' && job.results.length === 0
        ? [`job ${job.id} is ${job.state} and has no results`]
        : [];
    const wrong = job.results.filter(({ path, bytes, sha256 }) => {
      const file = join(project, path);
      if (!existsSync(file)) return true;
      const contents = readFileSync(file);
      return contents.length !== bytes || createHash('sha256').update(contents).digest('hex') !== sha256;
    });
    return [...none, ...wrong.map(({ path }) => `job ${job.id}: ${path} is not what was told`)];
  });
}

/** Where rpict goes on, its pattern of samples may give a few pixels other values: rad lets it sample every fifth. */
const seam = 0.0005;

/** Pictures of the same view are the same, whatever happened to one of them, but for a seam in those gone on with. */
export function samePictures(project: string, names: readonly string[]): string[] {
  const [first, ...others] = names.map((name) => ({ name, pixels: pixelsOf(join(project, 'images', name)) }));
  return others.flatMap(({ name, pixels }) =>
    first && differing(pixels, first.pixels) <= seam ? [] : [`${name} differs from ${first?.name}`],
  );
}

/** The share of pixels that are not the same in both. */
function differing(one: Buffer, other: Buffer): number {
  if (one.length !== other.length) return 1;
  let different = 0;
  for (let at = 0; at < one.length; at += 4) if (one.readUInt32BE(at) !== other.readUInt32BE(at)) different += 1;
  return (different * 4) / one.length;
}

/** Decoded: four bytes a pixel. */
function pixelsOf(path: string): Buffer {
  const bytes = readFileSync(path);
  // The array of a line is used again for the next.
  return Buffer.concat(Array.from(scanLines(bytes, readPictureHeader(bytes)), (line) => Buffer.from(line)));
}

/** Each log has its first line, of the attempt that counts, and its last. */
export function wholeLogs(ended: Ended, project: string): string[] {
  return ended.flatMap(({ job, tasks }) =>
    tasks
      .filter(({ skipped, state }) => !skipped && state === 'done')
      .flatMap(({ number, name, attempts, log }) => {
        const path = join(project, log);
        const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
        const first = `# rayserver job ${job.id} task ${number} attempt ${attempts}, `;
        const whole = text.startsWith(first) && /\n# done, \S+Z\n$/.test(text);
        return whole
          ? []
          : [`the log of task ${job.id}.${number} (${name}, attempt ${attempts}) is not whole: ${text}`];
      }),
  );
}

/** Nothing half done lies in the project. */
export function litter(project: string, isExcused: (path: string) => boolean = () => false): string[] {
  const files = readdirSync(project, { recursive: true, encoding: 'utf8' });
  const odd = files.filter((name) => /^proc\/.+$|\.(part|unf)$|(^|\/)rf[A-Za-z0-9]{6}$/.test(name));
  return odd.filter((name) => !isExcused(name)).map((name) => `litter: ${name}`);
}

/**
 * Seconds from the end of a task to the moment when its host has surely removed what is not needed any more. What is
 * cancelled may have to wait until nobody is reading or writing its ambient file: see `alone` of the gate.
 */
const tidying = 1;
const cancelling = 10;

/**
 * As {@link litter}, but that what procwrap was to remove when a task had ended may lie there, if procwrap was killed in
 * just that moment (src/DECISIONS.md): a raw picture, or what a task that was cancelled had.
 */
export function unexcusedLitter(ended: Ended, project: string, kills: readonly Kill[]): string[] {
  const deadly = kills.filter(({ kind }) => kind === 'power' || kind === 'procwrap');
  const owners = new Map(
    ended.flatMap(({ job, tasks }) => tasks.flatMap((task) => leftBy(job, task).map((name) => [name, task]))),
  );
  return litter(project, (path) => {
    const { finishedAt, state } = owners.get(basename(path)) ?? {};
    if (!finishedAt) return false;
    const at = uptime() - (Date.now() - Date.parse(finishedAt)) / 1000;
    const late = state === 'cancelled' ? cancelling : tidying;
    return deadly.some(({ from, until }) => until >= at - grain && from <= at + late);
  });
}

/** What a task may leave: the filter `p1.v2.filter` the raw picture `p1_v2.unf`; one that was cancelled what it had. */
function leftBy(job: JobView, { name, number, step, state, attempts }: TaskView): string[] {
  const raw = `${name.replace(/\.filter$/, '').replace('.', '_')}.unf`;
  if (step === 'filter') return [raw];
  if (state !== 'cancelled') return [];
  const own = ownAmbients({ job: job.id, task: number, attempt: attempts }).map((path) => basename(path));
  return step === 'view' ? [...own, raw, `${raw}.aside`, `${name}.partial`, `${name}.pid`] : [`${name}.pid`];
}

/** No process has anything to do with this directory any more. */
export function leftProcesses(directory: string): string[] {
  return processesBelow(directory).map(({ pid, words }) => `left: process ${pid}, ${words.join(' ')}`);
}

/** The state file of a server that has ended. */
export function soundStore(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
  } finally {
    database.close();
  }
}
