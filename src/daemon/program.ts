import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the program lies: bin/, build/, package.json. */
export const top = resolve(import.meta.dirname, '../../..');

const doorways = resolve(import.meta.dirname, '../bin');

/** The doorways of the processes. `ps` tells them apart by these paths (manual, "What is Rayserver?"). */
export const scripts = {
  server: join(doorways, 'server/start.js'),
  launcher: join(doorways, 'server/launch.js'),
  procwrap: join(doorways, 'procwrap/start.js'),
} as const;

export function version(): string {
  const text = readFileSync(join(top, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
