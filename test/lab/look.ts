import { closeSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkAmbient } from '../../src/ambient/check.ts';
import { ambient, keptBy, lockedAmbient, Seen } from './seen.ts';

/** Looks at a shared ambient file: `watch PROJECT FILE`, `check PROJECT`. Says as JSON what it has seen. */
const [verb, project = '.', end = ''] = process.argv.slice(2);

/** Now and then while others use it, until there is a file of this name; then keeps what it holds. */
async function watch(): Promise<unknown> {
  const seen = new Seen(project);
  for (let over = false; !over; ) {
    over = existsSync(end);
    if (existsSync(join(project, ambient))) await seen.look();
    if (!over) await pause(300);
  }
  seen.keep();
  return { bytes: seen.bytes, problems: seen.problems };
}

/** What is in it, and which hosts miss something that they have kept. */
async function check(): Promise<unknown> {
  const fd = await lockedAmbient(project, 'read');
  const { is, records, problem } = await checkAmbient(fd);
  const bytes = readFileSync(fd);
  closeSync(fd);
  const lost = ['c1', 'c2'].filter((host) => {
    const kept = readFileSync(keptBy(project, host));
    return !bytes.subarray(0, kept.length).equals(kept);
  });
  return { is, records, problem, lost };
}

const deeds: Readonly<Record<string, () => Promise<unknown>>> = { watch, check };
console.log(JSON.stringify(await deeds[verb ?? '']?.()));
process.exit();
