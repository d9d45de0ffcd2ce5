// Makes build/program: each process of the program in one file, with its libraries, and beside it what V8 made of it.
// Loading the seven hundred files of the libraries takes most of a start; the doorways in bin/ use these when they are
// newer than the compiled sources, and build/src else.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { warmAlone, warmFarm } from './warm-up.mjs';

const top = fileURLToPath(new URL('..', import.meta.url));
const sources = join(top, 'build/src/bin');
const program = join(top, 'build/program');

const doorways = [
  'rayserver.js',
  'rayctl.js',
  'picture.js',
  'lock-probe.js',
  'server/start.js',
  'server/launch.js',
  'procwrap/start.js',
  'spawner/start.js',
];

/** Native modules stay where they are. */
const external = ['@koromix/*', 'posix'];

/**
 * What libraries load and we never use, and what stands in its place. net-ipc could compress, pack and encrypt, and does
 * without what cannot be loaded; ours says JSON on a Unix socket. log4js brings files of its own, knows of clusters (with
 * none at all, instead of one that cannot be loaded, it forgets no earlier configuration, and says each line twice), and
 * tells how it works where `DEBUG` asks for that. Fastify serves HTTP/1.1 here, prom-client pushes nothing.
 */
const missing = "throw new Error('left out');";
const leftOut = {
  'net-ipc': { msgpackr: missing, 'fast-zlib': missing, tls: '' },
  log4js: { streamroller: '', debug: 'module.exports = () => () => undefined;', cluster: 'module.exports = null;' },
  fastify: { 'node:https': '', 'node:http2': '' },
  'prom-client': { https: '' },
};

const without = {
  name: 'without what is not used',
  setup(build) {
    for (const [library, parts] of Object.entries(leftOut)) {
      const filter = new RegExp(`^(${Object.keys(parts).join('|')})$`);
      build.onResolve({ filter }, ({ path, importer }) =>
        importer.includes(`/node_modules/${library}/`) ? { path, namespace: library } : undefined,
      );
      build.onLoad({ filter: /^/, namespace: library }, ({ path }) => ({ contents: parts[path] }));
    }
  },
};

const compiled = (name) => join(program, 'bin', name.replace(/\.js$/, '.cjs'));

/** esbuild's helper looks at each property of the module; some of Node's then load what nobody wants, for 7 ms a start. */
const copiesBuiltin = /__toESM\(require\("(node:[a-z_/]+)"\)(?:, 1)?\)/g;

async function bundle(build, name) {
  const file = compiled(name);
  // The sources take their place in the package from their own directory, which is as deep as program/bin.
  const place = relative(dirname(file), join(program, 'bin'));
  const { outputFiles } = await build({
    entryPoints: [join(sources, name)],
    outfile: file,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    legalComments: 'eof',
    logLevel: 'warning',
    external,
    plugins: [without],
    define: { 'import.meta.dirname': '__place', 'import.meta.url': '__placeUrl' },
    banner: {
      js: `(function (exports, require, module, __filename, __dirname) {
const __place = require('node:path').join(__dirname, ${JSON.stringify(place)});
const __placeUrl = require('node:url').pathToFileURL(__place + '/program.js').href;
const __whole = (builtin) => Object.create(builtin, { default: { value: builtin } });`,
    },
    footer: { js: '})' },
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, outputFiles[0].text.replaceAll(copiesBuiltin, '__whole(require("$1"))'));
  writeFileSync(join(program, 'bin', name), loader(name));
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

/** V8's own form of the code that runs until the daemon serves, and of what rayctl needs for a question. */
async function keepCompiled() {
  await warmFarm({
    front: compiled('rayserver.js'),
    procwrap: compiled('procwrap/start.js'),
    server: compiled('server/start.js'),
    rayctl: compiled('rayctl.js'),
  });
  await warmAlone(compiled('lock-probe.js'), ['remove', '/', '.rayserver-locks-none']);
}

try {
  const { build } = await import('esbuild');
  rmSync(program, { recursive: true, force: true });
  mkdirSync(program, { recursive: true });
  for (const name of doorways) await bundle(build, name);
  await keepCompiled();
} catch (error) {
  // The program runs without, only later.
  rmSync(program, { recursive: true, force: true });
  process.stderr.write(`bundle: left out, the program starts slower: ${error.message.split('\n')[0]}\n`);
}
