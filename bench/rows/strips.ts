import { closeSync, cpSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Gate } from '../../src/ambient/gate.ts';
import { parametersOf } from '../../src/ambient/parameters.ts';
import { realClock } from '../../src/executor/clock.ts';
import { findRadiance, packageDirectory, simulationEnvironment } from '../../src/executor/installation.ts';
import { fixtures } from '../../test/support/executor.ts';
import { run, Service } from '../processes.ts';
import type { Entrant, Figures, Row } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const [width, height, strips, slots] = [512, 384, 16, 2];
const opening = 45;
const light = '-ab 2 -aa .1 -ar 128 -ad 256 -as 64'.split(' ');
const octree = 'room.oct';
const file = 'room.amb';
const bare = 'sixteen strips, no gate';
const gated = 'sixteen strips through the gate';

const installation = findRadiance(null, process.env, packageDirectory());
const env = simulationEnvironment(installation, process.env);

/** A picture cut into strips by hand, whose processes share an ambient file: what the gate costs, and what two slots gain. */
export function stripsRow(workshop: Workshop): Row {
  return {
    name: 'strips',
    title: `a picture of ${width} by ${height} pixels with indirect light from no file, two processes at a time`,
    seconds: 120,
    entrants: [
      entrant('one rpict', workshop, wholePicture),
      entrant(bare, workshop, (directory, signal) => inStrips(directory, signal, null)),
      entrant(gated, workshop, (directory, signal) => inStrips(directory, signal, new Gate(realClock))),
    ],
    goals: [{ entrant: gated, figure: 'seconds', bound: 'at most', value: 1, times: bare }],
  };
}

type Course = (directory: string, signal: AbortSignal) => Promise<Figures>;

function entrant(name: string, workshop: Workshop, course: Course): Entrant {
  return {
    name,
    absent: async () => (installation.found ? null : `No Radiance: ${installation.says}.`),
    measure: async (signal) => {
      const cwd = workshop.directory();
      for (const name of ['materials.rad', 'room.rad']) cpSync(join(fixtures, 'room', name), join(cwd, name));
      await run({ words: ['sh', '-c', `oconv -f materials.rad room.rad > ${octree}`], cwd, env, signal });
      const start = performance.now();
      const figures = await course(cwd, signal);
      return { seconds: (performance.now() - start) / 1000, ...figures };
    },
  };
}

async function wholePicture(cwd: string, signal: AbortSignal): Promise<Figures> {
  await run({ words: ['rpict', ...argsOf(0, 1)], cwd, env, signal });
  return {};
}

/** Full-width strips from the bottom, each a view of its own with the same centre of projection. */
function argsOf(number: number, of: number): string[] {
  const half = Math.tan((opening * Math.PI) / 360);
  const angle = (2 * Math.atan(half / of) * 180) / Math.PI;
  const lift = number + 0.5 - of / 2;
  const view = '-vp 0.5 0.5 1.5 -vd 1 1 -.1 -vh 60'.split(' ');
  const size = ['-vv', `${angle}`, '-vl', `${lift}`, '-x', `${width}`, '-y', `${height / of}`, '-pa', '0'];
  return [...view, ...size, ...light, '-t', '1', '-o', `strip-${number}.hdr`, '-af', file, octree];
}

async function inStrips(cwd: string, signal: AbortSignal, gate: Gate | null): Promise<Figures> {
  const descriptor = openSync(cwd, 'r');
  let waited = 0;
  let next = 0;
  const work = async () => {
    while (next < strips) {
      const args = argsOf(next++, strips);
      const before = performance.now();
      const passage = gate && (await gate.enter(wantedIn(descriptor, args), () => signal.aborted));
      waited += performance.now() - before;
      const strip = new Service({ words: ['rpict', ...args], cwd, env, signal });
      strip.child.stderr?.on('data', () => {
        if (strip.stderr.includes('% after')) passage?.opened();
      });
      const status = await strip.ended;
      if (status !== 0) throw new Error(`rpict ended with ${status}: ${strip.lastWords}`);
      const { damage } = (await passage?.leave()) ?? { damage: null };
      if (damage !== null) throw new Error(damage);
    }
  };
  try {
    await Promise.all(Array.from({ length: slots }, work));
  } finally {
    closeSync(descriptor);
  }
  return gate ? { 'waited at the gate, s': waited / 1000 } : {};
}

function wantedIn(directory: number, args: readonly string[]) {
  const model = { octree: { path: octree, sha256: '', modified: 0 }, parameters: parametersOf('rpict', args) };
  return { directory, path: file, ...model, radiance: '' };
}
