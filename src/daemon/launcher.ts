import { startInBackground } from '../unix/background.ts';

/** Descriptors of the launcher and, from its own on, of the server. */
export const passed = { ready: 3, listen: 4, log: 5, pidFile: 6 } as const;

/** The launcher: starts `script` in the background with the descriptors that the front passed, and is gone. */
export function launch([script = '', ...args]: readonly string[]): void {
  const { log, ready, listen, pidFile } = passed;
  startInBackground(script, args, [null, null, log, ready, listen, null, pidFile]);
}
