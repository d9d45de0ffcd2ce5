// Makes build/program: each process of the program in one file, with its libraries, and beside it what V8 made of it.
// Loading the seven hundred files of the libraries takes most of a start; the doorways in bin/ use these when they are
// newer than the compiled sources, and build/src else.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('..', import.meta.url));
const sources = join(top, 'build/src/bin');
const program = join(top, 'build/program');
const warm = join(top, 'scripts/warm.mjs');

/** Each doorway, with words that let it load all of itself and leave; null: there are none. */
const doorways = {
  'rayserver.js': ['--version'],
  'rayctl.js': ['--version'],
  'picture.js': null,
  'lock-probe.js': ['remove', '/', '.rayserver-locks-none'],
  'server/start.js': [],
  'server/launch.js': null,
  'procwrap/start.js': [],
  'spawner/start.js': null,
};

/** Native modules find their other files by their own place. */
const external = ['koffi', 'posix', 'msgpackr-extract'];

async function bundle(build, name) {
  const file = join(program, 'bin', name.replace(/\.js$/, '.cjs'));
  // The sources take their place in the package from their own directory, which is as deep as program/bin.
  const place = relative(dirname(file), join(program, 'bin'));
  await build({
    entryPoints: [join(sources, name)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    legalComments: 'eof',
    logLevel: 'warning',
    external,
    define: { 'import.meta.dirname': '__place', 'import.meta.url': '__placeUrl' },
    banner: {
      js: `(function (exports, require, module, __filename, __dirname) {
const __place = require('node:path').join(__dirname, ${JSON.stringify(place)});
const __placeUrl = require('node:url').pathToFileURL(__place + '/program.js').href;`,
    },
    footer: { js: '})' },
  });
  writeFileSync(join(program, 'bin', name), loader(name));
  return file;
}

/** What V8 refuses of the cache (another Node.js) it compiles anew. */
function loader(name) {
  const file = name.replace(/^.*\//, '').replace(/\.js$/, '.cjs');
  return `// Made by scripts/bundle.mjs.
const { readFileSync } = process.getBuiltinModule('node:fs');
const { createRequire } = process.getBuiltinModule('node:module');
const { Script } = process.getBuiltinModule('node:vm');
const directory = import.meta.dirname;
const filename = directory + '/${file}';
let cachedData;
try {
  cachedData = readFileSync(filename + '.v8');
} catch {
  cachedData = undefined;
}
const module = { exports: {} };
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
script.runInThisContext()(module.exports, createRequire(filename), module, filename, directory);
`;
}

/** V8's own form of the code, as it is once it has been run; predictable: the same each time. */
function keepCompiled(file, words) {
  const options = { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } };
  execFileSync(process.execPath, ['--predictable', warm, file, ...words], options);
}

try {
  const { build } = await import('esbuild');
  rmSync(program, { recursive: true, force: true });
  mkdirSync(program, { recursive: true });
  for (const [name, words] of Object.entries(doorways)) {
    const file = await bundle(build, name);
    if (words !== null) keepCompiled(file, words);
  }
} catch (error) {
  // The program runs without, only later.
  rmSync(program, { recursive: true, force: true });
  process.stderr.write(`bundle: left out, the program starts slower: ${error.message.split('\n')[0]}\n`);
}
