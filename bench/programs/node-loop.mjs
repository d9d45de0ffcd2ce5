// A bare Node program that starts COUNT processes, WIDTH at a time: the floor of whatever spawns from Node.
import { spawn } from 'node:child_process';

const [count = '0', width = '1', stdio = 'ignore', program = '/bin/true'] = process.argv.slice(2);
let left = Number(count);

function next() {
  if (left-- <= 0) return;
  const child = spawn(program, [], { stdio: stdio === 'pipe' ? ['ignore', 'pipe', 'pipe'] : 'ignore' });
  child.stdout?.resume();
  child.stderr?.resume();
  child.once('error', (error) => {
    throw error;
  });
  child.once('close', (status) => {
    if (status !== 0) throw new Error(`${program} ended with ${status}`);
    next();
  });
}

for (let slot = 0; slot < Number(width); slot++) next();
