import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import { basename } from 'node:path';
import type { Model } from '../../ambient/fits.ts';
import { ambientName } from '../../ambient/name.ts';
import { parametersOf } from '../../ambient/parameters.ts';
import { portions } from '../../ambient/portions.ts';
import type { Ambient, RunDeed } from '../../model/task.ts';
import { openRegular } from '../below.ts';
import { radianceVersion } from '../installation.ts';
import type { Environment } from '../run.ts';
import { Origin } from './origin.ts';

/** Contents that are remembered. */
const most = 256;

/** A program whose indirect light is kept. */
export type LitDeed = RunDeed & { readonly ambient: Ambient };

export function isLit(deed: RunDeed): deed is LitDeed {
  return deed.ambient !== null;
}

export interface Modelled {
  readonly model: Model;
  /** What it was read from. */
  readonly origin: Origin;
}

/** What the values of ambient files belong to, by the contents of files. What was read once is not read again. */
export class Models {
  readonly #contents = new Map<string, Promise<string>>();
  readonly #versions = new WeakMap<Environment, Promise<string | null>>();

  /** @throws FileError where a file that the light depends on cannot be read */
  async of({ program, args, ambient }: LitDeed, directory: number, env: Environment): Promise<Modelled> {
    const { octree, inputs, filledBy } = ambient;
    const { modified } = await this.#look(directory, octree);
    const origin = new Origin((path) => this.#contentOf(directory, path));
    const content = await origin.read(octree);
    const all = createHash('sha256').update(content);
    for (const input of inputs) all.update(` ${await origin.read(input)}`);
    if (filledBy !== null) all.update(` filled by ${filledBy}`);
    const radiance = (await this.#version(env)) ?? 'unknown';
    const sha256 = inputs.length === 0 && filledBy === null ? content : all.digest('hex');
    const parameters = parametersOf(basename(program), args);
    return { model: { octree: { path: octree, sha256, modified }, parameters, radiance }, origin };
  }

  /** Empty where there is none: the program will say so itself. */
  async #contentOf(directory: number, input: string): Promise<string> {
    try {
      return (await this.#look(directory, input)).content;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }

  /** Closes the file when it is read. */
  async #look(directory: number, path: string): Promise<{ content: string; modified: number }> {
    const { fd } = openRegular(directory, path);
    try {
      const stats = fstatSync(fd, { bigint: true });
      return { content: await this.#content(fd, stats), modified: Number(stats.mtimeMs) };
    } finally {
      closeSync(fd);
    }
  }

  async #content(fd: number, stats: BigIntStats): Promise<string> {
    const key = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
    const known = this.#contents.get(key);
    if (known) return await known;
    const read = hashOf(fd, Number(stats.size));
    this.#contents.set(key, read);
    read.catch(() => this.#contents.delete(key));
    if (this.#contents.size > most) this.#contents.delete(this.#contents.keys().next().value ?? '');
    return await read;
  }

  #version(env: Environment): Promise<string | null> {
    const known = this.#versions.get(env) ?? radianceVersion('rpict', env);
    this.#versions.set(env, known);
    return known;
  }
}

async function hashOf(fd: number, size: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const portion of portions(fd, { from: 0, to: size, unit: 1 })) hash.update(portion);
  return hash.digest('hex');
}

/** Where its values are kept: under the name that its user gave, else under one of its own. */
export function pathOf({ ambient }: LitDeed, { octree, parameters }: Model): string {
  return ambient.path ?? ambientName(octree.sha256, parameters);
}

/** Its arguments with the name of a file after `-af`. */
export function argsWith({ args }: LitDeed, path: string): string[] {
  const at = args.lastIndexOf('-af') + 1;
  return at === 0 ? ['-af', path, ...args] : args.with(at, path);
}
