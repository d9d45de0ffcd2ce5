import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Somebody else who answers on the daemon's port. */
export async function stranger(): Promise<ChildProcess> {
  const listens = "require('net').createServer((s) => s.end()).listen(9182, '127.0.0.1', () => console.log('listens'))";
  const child = spawn(process.execPath, ['-e', listens], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}
