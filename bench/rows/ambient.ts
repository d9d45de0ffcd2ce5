import { closeSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { checkAmbient } from '../../src/ambient/check.ts';
import { mergeAmbient } from '../../src/ambient/merge.ts';
import { portions } from '../../src/ambient/portions.ts';
import { ambientHeader, ambientRecords } from '../../test/support/ambient.ts';
import type { Entrant, Figures, Row } from '../row.ts';
import type { Workshop } from '../workshop.ts';

const records = 1_000_000;
const name = 'check';

/** What a start waits for where simulations share an ambient file, which lies in the page cache. */
export function ambientRow(workshop: Workshop): Row {
  return {
    name: 'ambient',
    title: `an ambient file of ${records.toLocaleString('en-US')} values, MB of 10^6 bytes`,
    seconds: 60,
    entrants: [
      entrant('read, and nothing else', workshop, readAll),
      entrant(name, workshop, async (fd) => {
        const { is } = await checkAmbient(fd);
        if (is !== 'sound') throw new Error(`the file is ${is}`);
      }),
      entrant('merge into an empty file', workshop, async (fd, directory) => {
        const into = openSync(join(directory, 'into.amb'), 'w+');
        await mergeAmbient(into, fd);
        closeSync(into);
      }),
    ],
    goals: [{ entrant: name, figure: 'MB/s', bound: 'at least', value: 65 }],
  };
}

async function readAll(fd: number): Promise<void> {
  let bytes = 0;
  for await (const portion of portions(fd, { from: 0, to: fstatSync(fd).size, unit: 67 })) bytes += portion.length;
  if (bytes < records * 67) throw new Error(`only ${bytes} bytes were read`);
}

type Deed = (fd: number, directory: string) => Promise<void>;

function entrant(called: string, workshop: Workshop, deed: Deed): Entrant {
  return { name: called, absent: async () => null, measure: () => measured(workshop.directory(), deed) };
}

async function measured(directory: string, deed: Deed): Promise<Figures> {
  const path = join(directory, 'room.amb');
  writeFileSync(path, Buffer.concat([ambientHeader(), ambientRecords(records)]));
  const fd = openSync(path, 'r');
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  pauses.enable();
  const start = performance.now();
  await deed(fd, directory);
  const milliseconds = performance.now() - start;
  pauses.disable();
  const megabytes = fstatSync(fd).size / 1e6;
  closeSync(fd);
  return { 'MB/s': megabytes / (milliseconds / 1000), ms: milliseconds, 'longest pause ms': pauses.max / 1e6 };
}
