import { writeFileSync } from 'node:fs';
import { readArguments } from './arguments.ts';
import { floorSeconds } from './entrants/floors.ts';
import { measureRow, type Yardstick } from './measure.ts';
import { jsonOf, tableOf } from './report.ts';
import type { Row, RowResult } from './row.ts';
import { ambientRow } from './rows/ambient.ts';
import { gateRow } from './rows/gate.ts';
import { idleRow } from './rows/idle.ts';
import { listingRow } from './rows/listing.ts';
import { memoryRow } from './rows/memory.ts';
import { slowRow } from './rows/slow.ts';
import { startRow } from './rows/start.ts';
import { stripsRow } from './rows/strips.ts';
import { submitRow } from './rows/submit.ts';
import { tasksRow } from './rows/tasks.ts';
import { Workshop } from './workshop.ts';

const names = ['tasks', 'submit', 'start', 'memory', 'idle', 'slow', 'listing', 'ambient', 'gate', 'strips'] as const;

/** Tasks by which the machine itself is measured before each round, and the seconds they may take. */
const yardstickTasks = 1000;
const yardstickSeconds = 30;

function rowsOf(workshop: Workshop, tasks: number): Row[] {
  return [
    tasksRow(workshop, tasks),
    submitRow(workshop),
    startRow(workshop),
    memoryRow(workshop),
    idleRow(workshop),
    slowRow(workshop),
    listingRow(),
    ambientRow(workshop),
    gateRow(workshop),
    stripsRow(workshop),
  ];
}

async function bench(words: readonly string[]): Promise<void> {
  const wanted = readArguments(words, names);
  const workshop = new Workshop();
  try {
    const rows = rowsOf(workshop, wanted.tasks).filter(
      ({ name }) => wanted.rows.length === 0 || wanted.rows.includes(name),
    );
    const yardstick: Yardstick = workshop.compiled('floor')
      ? () => floorSeconds(workshop, yardstickTasks, AbortSignal.timeout(yardstickSeconds * 1000))
      : null;
    const results: RowResult[] = [];
    for (const row of rows) {
      results.push(await measureRow(row, wanted.rounds, yardstick, (line) => process.stderr.write(`${line}\n`)));
    }
    process.stdout.write(`\n${results.map(tableOf).join('\n\n')}\n`);
    if (wanted.json !== null) writeFileSync(wanted.json, jsonOf(results));
  } finally {
    workshop.remove();
  }
}

try {
  await bench(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
