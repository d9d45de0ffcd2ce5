import { writeFileSync } from 'node:fs';
import { SpawnerLab } from './spawner.ts';
import { waitUntil } from './wait-until.ts';

/**
 * Lets off a fork bomb that leaves its session, as an ordinary user, whose processes the kernel counts. Prints how many
 * processes there were beside those of before, at most, and how many were left.
 */
const kind = process.argv[2] === 'c' ? 'c' : 'node';
const most = 40;
const lab = new SpawnerLab(kind);
if (process.argv[3] === 'in a cell') await lab.enterCell();
writeFileSync(lab.at('bomb'), 'setsid sh ./bomb & sleep 1000 & setsid sh ./bomb & wait\n');
const { run } = await lab.start('sh', ['./bomb'], { processes: most });
let seen = 0;
await waitUntil('the bomb', () => {
  seen = Math.max(seen, lab.processes().length);
  return seen >= most - 8;
});
run.stop('at once');
await run.ended;
const left = lab.processes().length;
const again = await lab.start('sh', ['-c', 'echo on we go'], { processes: most });
await again.run.ended;
console.log(JSON.stringify({ most: seen, left, said: again.said.out }));
await lab.close();
process.exit(0);
