import { closeSync, constants, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StartChild } from '../ambient/lock-trial.ts';
import { LockProbe } from '../ambient/probe.ts';
import { withNodeOptions } from '../unix/node-options.ts';
import { O_PATH } from '../unix/walk.ts';
import type { Clock } from './clock.ts';
import { start } from './run.ts';

const program = fileURLToPath(new URL('../bin/lock-probe.js', import.meta.url));

/** Tries file locks with processes of this host, which are ended with us. */
export function lockProbe(clock: Clock): LockProbe {
  return new LockProbe(clock, childrenOf(clock));
}

/** They work in `/`: the spawner opens its programs' directories itself, and must not hang with a file system. */
function childrenOf(clock: Clock): StartChild {
  return async (words, says) => {
    const directory = openSync('/', O_PATH | constants.O_DIRECTORY);
    let rest = '';
    const hear = (stream: 'out' | 'err', portion: Buffer): Promise<void> => {
      const lines = stream === 'out' ? (rest + portion.toString()).split('\n') : [rest];
      rest = lines.pop() ?? '';
      for (const line of lines) says(line);
      return Promise.resolve();
    };
    try {
      const command = { program: process.execPath, args: [program, ...words], env: withNodeOptions({}), directory };
      return await start({ ...command, stdin: null, stdout: 'heard' }, hear, clock);
    } finally {
      closeSync(directory);
    }
  };
}
