import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRadiance, packageDirectory, simulationEnvironment } from '../../src/executor/installation.ts';
import { fixtures } from './executor.ts';

/** Bytes of ambient files, made by hand; and real ones. */

export const usualCommand =
  'rpict -av 0 0 0 -aw 0 -ab 1 -aa 0.2 -ad 64 -as 128 -ar 64 -dr 1 -ds 0.25 -dt 0.05 -dc 0.5 -ss 1 -st 0.15 -lr 7 ' +
  '-lw 0.0001 -cw 380 780 -cs 3 room.oct';

export function ambientHeader(lines: readonly string[] = [], magic = 561): Buffer {
  const given =
    lines.length > 0 ? lines : [usualCommand, 'SOFTWARE= RADIANCE 6.0a', 'NCOMP=3', 'FORMAT=Radiance_ambval'];
  return Buffer.from(`#?RADIANCE\n${given.join('\n')}\n\n${String.fromCharCode(magic >> 8, magic & 255)}`, 'latin1');
}

/** A float as Radiance writes it: mantissa of 4 bytes, exponent of one. */
export function portable(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  if (value === 0) return bytes;
  const exponent = Math.floor(Math.log2(Math.abs(value))) + 1;
  bytes.writeInt32BE(Math.trunc((value / 2 ** exponent) * 0x7fff_ffff));
  bytes.writeInt8(exponent, 4);
  return bytes;
}

export interface RecordValues {
  readonly weight: number;
  readonly position: readonly [number, number, number];
  readonly normal: number;
  readonly tangent: number;
  readonly radii: readonly [number, number];
  readonly gradients: readonly [number, number, number, number];
  readonly colours: readonly number[];
  readonly exponent: number;
}

export const usualRecord: RecordValues = {
  weight: 1,
  position: [1, 2, 3],
  normal: 0x0123_4567,
  tangent: -5,
  radii: [0.25, 0.5],
  gradients: [0.1, -0.1, 0.2, 0],
  colours: [200, 180, 160],
  exponent: 128,
};

export function ambientRecord(values: Partial<RecordValues> = {}): Buffer {
  const all = { ...usualRecord, ...values };
  const whole = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  return Buffer.concat([
    Buffer.from([0]),
    ...[all.weight, ...all.position].map(portable),
    ...[all.normal, all.tangent].map(whole),
    ...[...all.radii, ...all.gradients].map(portable),
    whole(0),
    Buffer.from([...all.colours, all.exponent]),
  ]);
}

/** Records that differ from each other: each lies elsewhere. */
export function ambientRecords(count: number, first = 0): Buffer {
  const usual = ambientRecord();
  const bytes = Buffer.alloc(count * usual.length);
  for (let number = 0; number < count; number += 1) {
    usual.copy(bytes, number * usual.length);
    portable(first + number + 0.5).copy(bytes, number * usual.length + 6);
  }
  return bytes;
}

/** The real Radiance in a directory, with the small room in it. */
export class RealRoom {
  static readonly installation = findRadiance(null, process.env, packageDirectory());
  readonly directory: string;
  readonly #env = simulationEnvironment(RealRoom.installation, process.env);

  constructor(directory: string) {
    this.directory = directory;
    cpSync(join(fixtures, 'room'), directory, { recursive: true });
    this.run('sh', ['-c', 'oconv -f materials.rad room.rad > room.oct']);
  }

  at(name: string): string {
    return join(this.directory, name);
  }

  /** @throws Error if the program says that it failed */
  run(program: string, args: readonly string[], user: object = {}): { stdout: string; stderr: string } {
    const ended = spawnSync(program, args, {
      cwd: this.directory,
      env: this.#env,
      encoding: 'latin1',
      maxBuffer: 2 ** 28,
      timeout: 60_000,
      input: '2 1.5 1.5 1 1 -.2\n',
      ...user,
    });
    if (ended.status === 0) return ended;
    // Both: who ends before it has read its input leaves an error of ours (EPIPE), which says nothing of why.
    throw new Error(`${program} ${args.join(' ')}: ${ended.error?.message ?? ''} ${ended.stderr}`);
  }

  /** A picture of 48 by 48 pixels, not kept, with this ambient file. */
  render(name: string, options: readonly string[] = [], user: object = {}): { stdout: string; stderr: string } {
    const view = '-vp 2 1.5 1.5 -vd 1 1 -.2 -x 48 -y 48'.split(' ');
    const ambient = '-ab 1 -aa .2 -ad 64'.split(' ');
    return this.run('rpict', [...view, ...ambient, ...options, '-af', name, 'room.oct'], user);
  }

  /** How many records Radiance itself reads before it meets one that it does not take. */
  looked(name: string): number {
    const { stdout } = this.run('lookamb', ['-h', '-d', name]);
    return stdout.split('\n').length - 1;
  }

  bytes(name: string): Buffer {
    return readFileSync(this.at(name));
  }
}
