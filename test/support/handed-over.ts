import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Handover } from '../../src/daemon/handover.ts';
import { noServiceManager } from '../../src/unix/service-manager.ts';
import { ordinaryUser, type TestHome } from './daemon.ts';
import { top } from './program.ts';
import { waitUntil } from './wait-until.ts';

/** A server process that has been handed what the front hands over, without a front. */
export interface HandedOver {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly printed: () => string;
  /** Its exit status. */
  readonly ended: Promise<number | null>;
}

/** Waits until it serves. The home has been used by a daemon before. */
export async function serveHandedOver(
  home: TestHome,
  changes: Partial<Handover>,
  env: Readonly<Record<string, string>> = {},
): Promise<HandedOver> {
  const listening = createServer();
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  const { fd } = (listening as unknown as { _handle: { fd: number } })._handle;
  const address = listening.address();
  const handover: Handover = {
    mode: 'foreground',
    home: home.path,
    host: 'test',
    startsProcwrap: true,
    procwrap: null,
    listen: 3,
    submit: null,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    ready: null,
    pidFile: null,
    manager: noServiceManager,
    errors: [],
    ...changes,
  };
  const child = spawn(process.execPath, [join(top, 'build/src/bin/server/start.js'), home.path], {
    ...ordinaryUser,
    stdio: ['ignore', 'pipe', 'pipe', fd],
    env: { ...process.env, ...env, RAYSERVER_HANDOVER: JSON.stringify(handover) },
  });
  listening.close();
  let text = '';
  for (const stream of [child.stdio[1], child.stdio[2]]) {
    (stream as NodeJS.ReadableStream).on('data', (part) => {
      text += String(part);
    });
  }
  const ended = new Promise<number | null>((tell) => child.on('close', tell));
  await waitUntil('its start', () => text.includes(' running.\n'), { milliseconds: 40_000 });
  return { pid: child.pid ?? -1, kill: (signal) => child.kill(signal), printed: () => text, ended };
}
