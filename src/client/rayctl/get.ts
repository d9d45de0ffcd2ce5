import { createWriteStream, lstatSync } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { JobView } from '../../protocol/api.ts';
import { builtin } from '../builtin.ts';
import { CalledWrongly, ServerUnreachable } from '../errors.ts';
import { isPicture } from './report.ts';
import type { Session } from './session.ts';
import { safe, size } from './text.ts';

export interface GetOptions {
  png?: true;
  view?: string;
  output?: string;
  force?: true;
}

type Result = JobView['results'][number];

/** `rayctl get JOB [PATH]`: fetches one result to this machine. */
export async function get(
  session: Session,
  id: number,
  path: string | undefined,
  options: GetOptions,
): Promise<number> {
  const job = await session.client.job(id, { signal: session.signal });
  const result = chooseResult(job, path, options.view);
  if (options.png && !isPicture(result.path))
    throw new CalledWrongly(`${safe(result.path)} is no picture: it has no PNG.`);
  if (options.output === '-') return sendOut(session, job, result, options);
  const target = resolve(session.world.cwd(), options.output ?? nameOf(result, options.png === true));
  refuseToOverwrite(target, options);
  const { bytes, changed } = await fetchFile(session, job, result, { target, ...options });
  if (changed) session.complain(`${safe(result.path)} has changed since job ${id} made it.`);
  if (session.isJson) session.printJson({ job: id, path: result.path, file: target, bytes });
  else session.print(`${safe(target)} (${size(bytes)})`);
  return 0;
}

/** The result that is named by its path, its base name or its view; without a name the only one, or the only picture. */
export function chooseResult(job: JobView, path: string | undefined, view: string | undefined): Result {
  if (job.results.length === 0) throw new CalledWrongly(`Job ${job.id} has no results: it is ${job.state}.`);
  const all = job.results.map((result) => `  ${safe(result.path)}`).join('\n');
  const exact = job.results.find((result) => result.path === path);
  if (exact) return exact;
  const named = path === undefined ? job.results : job.results.filter((result) => basename(result.path) === path);
  const seen = view === undefined ? named : named.filter((result) => isOfView(result.path, view));
  const pictures = seen.filter((result) => isPicture(result.path));
  const [only, second] = pictures.length > 0 ? pictures : seen;
  if (only && !second) return only;
  const asked = [path, view === undefined ? undefined : `view ${view}`].filter((word) => word !== undefined).join(', ');
  if (!only) throw new CalledWrongly(`Job ${job.id} has no result "${safe(asked)}". Its results:\n${all}`);
  throw new CalledWrongly(`Job ${job.id} has several results. Name one, or its view with --view:\n${all}`);
}

/** rad names the picture of a view PICTURE_view.hdr. */
function isOfView(path: string, view: string): boolean {
  return basename(path)
    .replace(/\.[^.]*$/, '')
    .endsWith(`_${view}`);
}

function nameOf(result: Result, png: boolean): string {
  const name = basename(result.path);
  if (/^\.{0,2}$/.test(name) || safe(name) !== name) {
    throw new CalledWrongly(`${safe(result.path)} has an odd name. Name a file with --output.`);
  }
  return png ? `${name.replace(/\.[^.]*$/, '')}.png` : name;
}

function refuseToOverwrite(target: string, { force }: GetOptions): void {
  const there = lstatSync(target, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw new CalledWrongly(`${safe(target)} is a directory. Name a file with --output.`);
  if (there && !force)
    throw new CalledWrongly(`${safe(target)} exists. Write over it with --force, or name another with --output.`);
}

async function sendOut(session: Session, job: JobView, result: Result, options: GetOptions): Promise<number> {
  if (session.world.stdout.isTTY) throw new CalledWrongly('A picture is nothing for a terminal. Redirect the output.');
  if (session.isJson) throw new CalledWrongly('--json and --output - both want the standard output.');
  const { stream } = await open(session, job, result, options);
  await pipeline(stream, session.world.stdout, { end: false, signal: session.signal });
  return 0;
}

function open(
  session: Session,
  job: JobView,
  result: Result,
  { png }: GetOptions,
): Promise<{ bytes: number | null; stream: Readable }> {
  return session.client.result(job.id, result.path, { as: png ? 'png' : 'file', signal: session.signal });
}

/** Under another name first: a broken connection leaves nothing that looks like the result. */
async function fetchFile(
  session: Session,
  job: JobView,
  result: Result,
  options: GetOptions & { target: string },
): Promise<{ bytes: number; changed: boolean }> {
  const { target } = options;
  const { stream } = await open(session, job, result, options);
  const { createHash, randomBytes } = builtin('node:crypto');
  const part = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.part`);
  const sum = createHash('sha256');
  let bytes = 0;
  const count = new Transform({
    transform(piece: Buffer, _encoding, done) {
      sum.update(piece);
      bytes += piece.length;
      done(null, piece);
    },
  });
  try {
    await pipeline(stream, count, createWriteStream(part, { flags: 'wx' }), { signal: session.signal });
    await place(part, target, options);
  } catch (error) {
    throw session.signal.aborted ? session.signal.reason : readable(error as NodeJS.ErrnoException, target);
  } finally {
    await rm(part, { force: true });
  }
  return { bytes, changed: !options.png && sum.digest('hex') !== result.sha256 };
}

/** A link refuses an existing file, so that nobody's file is lost who was quicker. Some file systems have none. */
async function place(part: string, target: string, options: GetOptions): Promise<void> {
  if (options.force) return rename(part, target);
  try {
    await link(part, target);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    refuseToOverwrite(target, options);
    await rename(part, target);
  }
}

function readable(error: NodeJS.ErrnoException, target: string): Error {
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such directory',
    ENOTDIR: 'there is no such directory',
    EACCES: 'you may not write there',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'your share of the disk is full',
    EEXIST: 'it exists; write over it with --force',
  };
  const reason = reasons[error.code ?? ''];
  if (reason !== undefined) return new Error(`Cannot write ${safe(target)}: ${reason}.`);
  if (error.syscall !== undefined && error.code !== 'ECONNRESET') return error;
  return new ServerUnreachable('The connection broke before the file was whole. Nothing is kept of it.', {
    cause: error,
    sent: true,
  });
}
