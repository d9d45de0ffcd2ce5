import type { Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import { radFailure } from '../renderers/radiance/plan.ts';
import type { RadCall } from '../renderers/radiance/rad-call.ts';
import { noRadiance } from '../renderers/radiance/radiance.ts';
import type { Rif } from '../renderers/radiance/rif.ts';
import type { Host } from './host.ts';
import { ranOutOfMemory } from './memory-limit.ts';
import { LostSpawner, type Run, start, Whereabouts } from './run.ts';
import { type Contained, NotContained } from './sandbox/containment.ts';

/** How often a plan is begun that is lost with its spawner. */
const TRIES = 3;
/** Most that rad may print, bytes. */
const LONGEST_PLAN = 4 * 1024 * 1024;
/** What is kept of its messages, bytes. */
const LONGEST_MESSAGES = 64 * 1024;

/** The project that rad plans in. */
interface RadPlace {
  readonly project: Project;
  /** Its descriptor. */
  readonly directory: number;
}

/**
 * What rad prints. It runs scene commands and writes files while it only plans, so it runs as a simulation does: own
 * process group, nice, no new privileges, bounded in time and in what it prints.
 * @throws Refusal
 */
export async function runRad(place: RadPlace, rif: Rif, call: RadCall, host: Host): Promise<string> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const printed = await runContained(place, rif, call, host);
    if (printed !== null) return printed;
  }
  throw new Refusal('not-ready', 'rad was lost with the process that starts programs, again and again. Try again.');
}

/** Null if it was lost with its spawner, which says nothing of the plan. */
async function runContained(place: RadPlace, rif: Rif, call: RadCall, host: Host): Promise<string | null> {
  const { settings, env } = host;
  const { project, directory } = place;
  const where = new Whereabouts(directory);
  const wanted = { program: 'rad', service: 'radiance', project, where, env, settings } as const;
  let contained: Contained;
  try {
    contained = await host.containment.enter(wanted);
  } catch (error) {
    if (error instanceof LostSpawner) return null;
    throw error instanceof NotContained ? new Refusal('plan-failed', error.message) : error;
  }
  try {
    return await runOnce({ ...place, contained }, rif, call, host);
  } finally {
    contained.leave();
  }
}

async function runOnce(
  { directory, contained }: RadPlace & { readonly contained: Contained },
  rif: Rif,
  call: RadCall,
  host: Host,
): Promise<string | null> {
  const { settings, clock } = host;
  const out = new Bounded(LONGEST_PLAN);
  const messages = new Bounded(LONGEST_MESSAGES);
  let endedBy: string | null = null;
  const end = (why: string) => {
    endedBy ??= why;
    run.stop('at once');
  };
  const hear = async (stream: 'out' | 'err', portion: Buffer) => {
    if (stream === 'err') messages.keepEnd(portion);
    else if (!out.keep(portion)) end(`it printed more than ${LONGEST_PLAN} bytes`);
  };
  const { env, how } = contained;
  const command = { program: 'rad', args: call.args, env, directory, stdin: null, stdout: 'heard', ...how } as const;
  const begun = await start(command, hear, clock).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof LostSpawner || error.syscall === 'cell') return null;
    if (error.code === 'ENOENT') throw new Refusal('no-radiance', noRadiance('rad', host.installation));
    throw new Refusal('plan-failed', `rad cannot be started: ${error.message}.`);
  });
  if (begun === null) return null;
  const run: Run = begun;
  const seconds = settings.planSeconds;
  const takeBack = clock.after(seconds * 1000, () =>
    end(`it took longer than ${seconds} seconds; does a command hang?`),
  );
  const { exit, signal, lost, outOfMemory } = await host.helped(run);
  takeBack();
  if (lost) return null;
  if (endedBy !== null) throw new Refusal('plan-failed', `rad did not plan ${rif.file}: ${endedBy}`);
  if (outOfMemory) throw new Refusal('plan-failed', `rad did not plan ${rif.file}. ${ranOutOfMemory(how.memory ?? 0)}`);
  if (exit !== 0)
    throw await explained(radFailure(rif.file, exit, signal, messages.text()), contained, messages.text());
  return out.text();
}

/** What cannot be seen where it ran looks to rad as if it were not there. */
async function explained(failure: Refusal, contained: Contained, said: string): Promise<Refusal> {
  const hidden = await contained.hidden(said.split('\n'));
  return hidden === null ? failure : new Refusal(failure.code, `${failure.message} ${hidden}`);
}

/** Output, up to so many bytes. */
class Bounded {
  readonly #most: number;
  readonly #portions: Buffer[] = [];
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** False if it is too much. */
  keep(portion: Buffer): boolean {
    if (this.#size + portion.length > this.#most) return false;
    this.#portions.push(portion);
    this.#size += portion.length;
    return true;
  }

  /** Keeps the end of all that came. */
  keepEnd(portion: Buffer): void {
    this.#portions.push(portion);
    this.#size += portion.length;
    if (this.#size <= 2 * this.#most) return;
    const end = Buffer.concat(this.#portions).subarray(-this.#most);
    this.#portions.splice(0, this.#portions.length, Buffer.from(end));
    this.#size = end.length;
  }

  text(): string {
    return Buffer.concat(this.#portions).toString();
  }
}
