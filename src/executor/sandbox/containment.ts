import { isAbsolute } from 'node:path';
import type { Project } from '../../model/job.ts';
import type { Service } from '../../model/service.ts';
import type { Log } from '../../protocol/end.ts';
import type { HostSettings, ServiceSettings } from '../../protocol/inner.ts';
import { openCell } from '../cell.ts';
import type { Clock } from '../clock.ts';
import { type Command, type Environment, LostSpawner, type Whereabouts } from '../run.ts';
import type { Place } from '../spawner/messages.ts';
import { Cells, type Stay } from './cells.ts';
import { hiddenFile } from './hidden.ts';
import { type Level, Levels } from './level.ts';
import { inWords, type Sight } from './sights.ts';
import { isOfSimulations, viewFor } from './view.ts';

/** How long what was found for a program is taken for granted, ms, and how many of these are remembered. */
const FRESH = 5000;
const MOST = 256;

/** A program that is to be started. */
export interface Wanted {
  readonly program: string;
  readonly service: Service;
  readonly project: Project;
  readonly where: Whereabouts;
  readonly env: Environment;
  readonly settings: Pick<HostSettings, 'services'>;
}

/** How it is to be started. Whoever has it leaves when the program has ended. */
export interface Contained {
  readonly how: Pick<Command, 'cell' | 'confined' | 'memory' | 'files' | 'processes'>;
  readonly env: Environment;
  /** The /tmp that it has with others of its project: its descriptor, and its name in there. Null: the host's. */
  readonly tmp: { readonly fd: number; readonly path: string } | null;
  /** If it failed because it cannot see a file that it named: a sentence. @param lines what it said */
  hidden(lines: readonly string[]): Promise<string | null>;
  leave(): void;
}

/** It must be contained, and cannot be; the message is a sentence. */
export class NotContained extends Error {
  override readonly name = 'NotContained';
}

interface View {
  readonly at: number;
  readonly sights: readonly Sight[];
  readonly key: string;
}

/** Contains all that simulations of this host start. */
export class Containment {
  readonly #home: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #cells: Cells;
  readonly #levels: Levels;
  readonly #views = new Map<string, View>();
  readonly #environments = new WeakMap<Environment, { readonly number: number; readonly inside: Environment }>();
  #lastNumber = 0;
  #toldWhy: string | null = null;

  constructor({ home, clock, log }: { home: string; clock: Clock; log: Log }, levels = new Levels(clock)) {
    this.#home = home;
    this.#clock = clock;
    this.#log = log;
    this.#cells = new Cells(clock);
    this.#levels = levels;
  }

  /** How far simulations can be contained here, at this moment. */
  look(): Promise<Level> {
    return this.#levels.look();
  }

  /**
   * @throws NotContained
   * @throws LostSpawner if the spawner died over it
   */
  async enter(asked: Wanted): Promise<Contained> {
    // A project may call what it brings as it likes: that is no reason to trust it more.
    const wanted: Wanted = asked.service !== 'command' && isBrought(asked) ? { ...asked, service: 'command' } : asked;
    const settings = wanted.settings.services[wanted.service];
    if (settings.mode === 'off') return outside(wanted, settings, false);
    const level = await this.#levels.reached();
    if (level.is === 'cell') return await this.#enterCell(wanted, settings, level);
    // Not in the open instead: a project could see to it that there is none for it.
    if (level.is === 'none') throw new NotContained(`No cell can be made at this moment: ${level.why}.`);
    if (settings.mode === 'require') throw new NotContained(refusal(level));
    this.#tell(level);
    return outside(wanted, settings, true);
  }

  /** The project cannot be seen any more: its cells end with those who are in them. */
  forget({ path }: Project): void {
    this.#cells.retire(path);
  }

  /** Once for each reason. */
  #tell({ why, mend }: Extract<Level, { is: 'process' }>): void {
    if (this.#toldWhy === why) return;
    this.#toldWhy = why;
    const less = 'simulations see all files and processes that their user may see';
    this.#log('warn', `procwrap: ${less}, for they cannot be contained: ${why}. To mend it: ${mend}`);
  }

  async #enterCell(
    wanted: Wanted,
    settings: ServiceSettings,
    { bubblewrap, sized }: Extract<Level, { is: 'cell' }>,
  ): Promise<Contained> {
    const { inside } = this.#environment(wanted.env);
    const { place } = wanted.where;
    const { sights, key } = this.#view(wanted, place, settings);
    const args = () => inWords(sights, settings.network, sized ? settings.tmpBytes : null);
    let stay: Stay;
    try {
      const shows = { project: wanted.project.path, device: place.device };
      stay = await this.#cells.enter({ key, ...shows }, () => openCell({ bubblewrap, args: args(), env: {} }));
    } catch (error) {
      if (error instanceof LostSpawner) throw error;
      // Not in the open instead: a project could see to it that there is no cell for it.
      throw new NotContained(`No cell can be made for ${place.path}: ${(error as Error).message}.`);
    }
    const hiding = { sights, project: place.path, home: this.#home };
    return {
      how: { ...limits(settings), cell: stay.cell.number, confined: true },
      env: inside,
      tmp: { fd: stay.tmp, path: '/tmp' },
      hidden: (lines) => hiddenFile(lines, hiding),
      leave: stay.leave,
    };
  }

  /** What is seen, and the name of all cells in which just that is seen. */
  #view(wanted: Wanted, place: Place, settings: ServiceSettings): View {
    const { program, project, service, env } = wanted;
    const { number } = this.#environment(env);
    const { device, inode, path } = place;
    const name = JSON.stringify([String(device), String(inode), path, project.path, program, service, number]);
    const now = this.#clock.passed();
    const known = this.#views.get(name);
    if (known && now - known.at < FRESH) return known;
    const location = project.root === '/' ? null : project.root;
    const { network, readable, writable, devices, tmpBytes } = settings;
    const needs = { project: path, named: project.path, location, program, env, home: this.#home };
    const sights = viewFor({ ...needs, network, readable, writable, devices });
    const key = JSON.stringify([String(device), String(inode), network, tmpBytes, sights]);
    const view = { at: now, sights, key };
    if (this.#views.size >= MOST) this.#views.clear();
    this.#views.set(name, view);
    return view;
  }

  /** The same object as long as it says the same: whoever passes it on can tell at a glance. */
  #environment(env: Environment): { readonly number: number; readonly inside: Environment } {
    const known = this.#environments.get(env);
    if (known) return known;
    this.#lastNumber += 1;
    const made = { number: this.#lastNumber, inside: { ...env, TMPDIR: '/tmp' } };
    this.#environments.set(env, made);
    return made;
  }
}

function isBrought({ program, where, settings }: Wanted): boolean {
  const theirs = () => [where.place.path, ...Object.values(settings.services).flatMap(({ writable }) => writable)];
  return program.includes('/') && (!isAbsolute(program) || isOfSimulations(program, theirs()));
}

function outside({ env }: Wanted, settings: ServiceSettings, confined: boolean): Contained {
  return {
    how: { ...limits(settings), cell: null, confined },
    env,
    tmp: null,
    hidden: async () => null,
    leave: () => {},
  };
}

function limits({ memory, files, processes }: ServiceSettings): Pick<Command, 'memory' | 'files' | 'processes'> {
  return { files, processes, ...(memory !== null && { memory }) };
}

function refusal({ why, mend }: Extract<Level, { is: 'process' }>): string {
  return `It was not started, for it cannot be contained here (setting "sandbox.mode"): ${why}. To mend it: ${mend}`;
}
