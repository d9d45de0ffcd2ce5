import { closeSync, constants, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { ClaimFile } from '../../src/executor/claim-file.ts';

/** Claims one thing of a project so many times, and is alone each time; or ends with an error. */
const [path = '', home = '', times = ''] = process.argv.slice(2);
const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
for (let had = 0; had < Number(times); ) {
  const claim = ClaimFile.take(directory, 'proc/thing.lock', { host: 'lab1', pid: process.pid, home });
  if (!(claim instanceof ClaimFile)) continue;
  had += 1;
  mkdirSync(join(path, 'alone'));
  rmdirSync(join(path, 'alone'));
  claim.release();
}
closeSync(directory);
