import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gate, type Wanted } from '../../src/ambient/gate.ts';
import { type AmbientHeader, readHeader } from '../../src/ambient/header.ts';
import { parametersOfHeader } from '../../src/ambient/parameters.ts';
import { realClock } from '../../src/executor/clock.ts';
import { ambientHeader, ambientRecords } from '../../test/support/ambient.ts';
import type { Entrant, Figures, Row } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const starts = 500;
const together = 16;
const name = 'one after another';

/** What the gate adds to the start of a simulation, without the simulation. */
export function gateRow(workshop: Workshop): Row {
  return {
    name: 'gate',
    title: 'into an ambient file of 10,000 values and out again, ms of a start; the file is known to be sound',
    seconds: 60,
    entrants: [
      entrant(name, workshop, async (enter) => {
        for (let start = 0; start < starts; start += 1) await enter();
        return starts;
      }),
      entrant(`${together} at once`, workshop, async (enter) => {
        const rounds = Math.ceil(starts / together);
        for (let round = 0; round < rounds; round += 1) await Promise.all(Array.from({ length: together }, enter));
        return rounds * together;
      }),
    ],
    goals: [{ entrant: name, figure: 'ms', bound: 'at most', value: 5 }],
  };
}

type Course = (enter: () => Promise<void>) => Promise<number>;

function entrant(called: string, workshop: Workshop, course: Course): Entrant {
  return { name: called, absent: async () => null, measure: () => measured(workshop.directory(), course) };
}

async function measured(directory: string, course: Course): Promise<Figures> {
  writeFileSync(join(directory, 'room.amb'), Buffer.concat([ambientHeader(), ambientRecords(10_000)]));
  const descriptor = openSync(directory, 'r');
  const gate = new Gate(realClock);
  const wanted: Wanted = {
    directory: descriptor,
    path: 'room.amb',
    octree: { path: 'room.oct', sha256: 'a'.repeat(64), modified: 0 },
    parameters: parametersOfHeader(readHeader(ambientHeader()) as AmbientHeader),
    radiance: '',
  };
  const enter = async () => {
    const passage = await gate.enter(wanted, () => false);
    passage.opened();
    await passage.leave();
  };
  await enter();
  const before = performance.now();
  const done = await course(enter);
  const milliseconds = performance.now() - before;
  closeSync(descriptor);
  return { ms: milliseconds / done };
}
