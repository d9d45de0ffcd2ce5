import { join } from 'node:path';
import type { MemoryHome } from './memory-home.ts';
import { type Ended, Running, type RunOptions, top } from './program.ts';

/** rayctl against a farm in memory. */

const program = join(top, 'build/src/bin/rayctl.js');
const clean = { RAYSERVER: undefined, RAYSERVER_HOME: undefined, RAYSERVER_TOKEN: undefined, RAYSERVER_SSH: undefined };

export function startRayctl(
  { home, directory }: MemoryHome,
  args: readonly string[],
  options: RunOptions = {},
): Running {
  const at = args.indexOf('--');
  const own = at < 0 ? args : args.slice(0, at);
  const words = [...own, '--home', home.path, ...(at < 0 ? [] : args.slice(at))];
  const env = { ...clean, HOME: directory, NO_COLOR: undefined, ...options.env };
  return new Running(process.execPath, [program, ...words], { cwd: directory, ...options, env });
}

export function runRayctl(home: MemoryHome, ...args: string[]): Promise<Ended> {
  return startRayctl(home, args).ended;
}
