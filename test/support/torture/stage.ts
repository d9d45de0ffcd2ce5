import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRadiance } from '../../../src/executor/installation.ts';
import { Lab } from '../lab.ts';
import { top } from '../program.ts';

/** Programs that leave marks; the others of Radiance are there as they are. */
const marked = ['oconv', 'rpict', 'pfilt'];

/** A picture of two pixels. */
const tinyPicture = Buffer.concat([
  Buffer.from('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 2\n'),
  Buffer.from([128, 64, 32, 129, 16, 8, 4, 130]),
]);

export interface Stage {
  readonly lab: Lab;
  readonly project: string;
  readonly marks: string;
  /** A program for command jobs, with a name and the number of a frame. */
  readonly frame: string;
}

/** A lab whose Radiance says what it does, and one project for all jobs. */
export async function makeStage(env: Record<string, string | undefined> = {}): Promise<Stage> {
  const lab = await Lab.make(env);
  const radiance = join(lab.directory, 'radiance');
  const marks = join(radiance, 'marks');
  makeRadiance(radiance);
  mkdirSync(marks);
  chmodSync(marks, 0o777);
  mkdirSync(join(lab.home, 'config'));
  writeFileSync(
    join(lab.home, 'config/rayserver.yaml'),
    `slots: 2\nretries: 1000\nradiance: ${radiance}\nsandbox: {readable: [${radiance}], writable: [${marks}]}\n`,
  );
  lab.own(lab.home);
  return { lab, project: lab.project('room', 'work'), marks, frame: join(radiance, 'frame') };
}

function makeRadiance(directory: string): void {
  const found = findRadiance(null, process.env, top);
  if (!found.found || found.directory === null) throw new Error('no Radiance in one directory was found');
  mkdirSync(join(directory, 'bin'), { recursive: true });
  symlinkSync(join(found.directory, 'lib'), join(directory, 'lib'));
  symlinkSync(join(found.directory, 'bin'), join(directory, 'real'));
  for (const name of readdirSync(join(found.directory, 'bin'))) {
    if (!marked.includes(name)) symlinkSync(join(found.directory, 'bin', name), join(directory, 'bin', name));
  }
  for (const name of marked) {
    cpSync(join(top, 'test/fixtures/torture/marked'), join(directory, 'bin', name));
    chmodSync(join(directory, 'bin', name), 0o755);
  }
  writeFileSync(join(directory, 'tiny.hdr'), tinyPicture);
  cpSync(join(top, 'test/fixtures/torture/frame'), join(directory, 'frame'));
  chmodSync(join(directory, 'frame'), 0o755);
}

/** The .rif of one job: its names are its own, so that nothing of another job is overwritten. */
export function rifOf(name: string, views: number, resolution: number): string {
  const lines = Array.from({ length: views }, (_, index) => {
    const angle = (index * 2 * Math.PI) / views;
    const [x, y] = [Math.cos(angle), Math.sin(angle)].map((part) => part.toFixed(3));
    return `view= v${index + 1} -vp 2 1.2 1.5 -vd ${x} ${y} -.1`;
  });
  return [
    'ZONE= Interior 0 4 0 3 0 2.5',
    'QUALITY= High',
    'INDIRECT= 0',
    'PENUMBRAS= F',
    `RESOLUTION= ${resolution}`,
    'render= -ps 1 -pj 0 -dj 0 -ab 0',
    'materials= materials.rad',
    'scene= room.rad',
    `OCTREE= octrees/${name}.oct`,
    `PICTURE= images/${name}`,
    ...lines,
    '',
  ].join('\n');
}
