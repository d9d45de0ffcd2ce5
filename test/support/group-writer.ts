import { closeSync, constants, openSync } from 'node:fs';
import { SpawnerLab } from './spawner.ts';

/** Who may write into a directory as a member of its group only does so in a cell: prints what it says. */
const [kind, path = ''] = process.argv.slice(2);
const lab = new SpawnerLab(kind === 'c' ? 'c' : 'node');
await lab.enterCell(path);
const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
const { run, said } = await lab.sh('umask 002; mkdir sub && echo picture > sub/file && cat sub/file', { directory });
closeSync(directory);
await run.ended;
console.log(JSON.stringify(said));
await lab.close();
process.exit(0);
