// Runs a program of build/program once, and keeps beside it what V8 has compiled of it: warm.mjs FILE WORD...
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { Script } from 'node:vm';

const [, , filename] = process.argv;
process.argv.splice(1, 1);
if (basename(filename) === 'rayserver.cjs') {
  // What the front starts ends at once, and a build by root is an ordinary start, too.
  process.execPath = '/bin/true';
  process.getuid = () => 65534;
}
const module = { exports: {} };
// The name is kept, too, and must not tell where this was made (nor be part of a path, which V8 keeps whole); whoever
// loads it gives its own.
const script = new Script(readFileSync(filename, 'latin1'), { filename: 'program' });
process.on('exit', () => {
  // Whoever runs the program reads it.
  process.umask(0o022);
  writeFileSync(`${filename}.v8`, script.createCachedData());
  // That it was called without words is no fault here.
  process.reallyExit(0);
});
script.runInThisContext()(module.exports, createRequire(filename), module, filename, dirname(filename));
