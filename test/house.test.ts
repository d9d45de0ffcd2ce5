import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect } from 'chai';

/**
 * Rooms keep to their doors (src/README.md). Each room may enter itself and the rooms listed;
 * each library with side effects on the process or the network has one room that imports it.
 */
const doors: Record<string, readonly string[]> = {
  model: [],
  unix: [],
  log: [],
  config: ['model'],
  protocol: ['model'],
  store: ['model'],
  scheduler: ['model'],
  renderers: ['model'],
  ambient: ['model', 'unix'],
  executor: ['model', 'unix', 'protocol', 'renderers', 'log', 'ambient'],
  server: [
    'model',
    'unix',
    'log',
    'config',
    'protocol',
    'store',
    'scheduler',
    'renderers',
    'ambient',
    'executor',
    'web',
  ],
  web: ['model', 'protocol', 'log'],
  client: ['model', 'protocol', 'config'],
  daemon: ['server', 'web', 'unix', 'log', 'config', 'store', 'model'],
  bin: ['daemon', 'client', 'executor', 'ambient'],
};
const onlyIn: Record<string, string> = {
  posix: 'unix',
  'daemonize-process': 'unix',
  koffi: 'unix',
  log4js: 'log',
  'net-ipc': 'protocol',
  fastify: 'web',
  'prom-client': 'web',
  'node:sqlite': 'store',
};
/** No I/O, no clock, no chance. */
const pure = ['model', 'scheduler', 'renderers'];
const pureImports = /^(typebox(\/.*)?|node:(zlib|path|buffer))$/;

const top = resolve(import.meta.dirname, '../../');
const src = join(top, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

interface Import {
  file: string;
  room: string;
  wanted: string;
}
const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  const room = file.split('/')[0] ?? '';
  const names = [...text.matchAll(/(?<!['"])(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
    (match) => match[1] ?? '',
  );
  return names.map((wanted) => ({ file, room, wanted }));
});

describe('the house', () => {
  it('has no room without doors, and no line outside a room', () => {
    const rooms = new Set(files.map((file) => file.split('/')[0]));
    expect([...rooms].filter((room) => !(room !== undefined && room in doors))).to.deep.equal([]);
  });

  for (const room of Object.keys(doors)) {
    it(`${room} enters only ${doors[room]?.join(', ') || 'itself'}`, () => {
      const trespasses = imports.filter((entry) => {
        if (entry.room !== room || !entry.wanted.startsWith('.')) return false;
        const target = relative(src, resolve(src, dirname(entry.file), entry.wanted)).split('/')[0] ?? '';
        return target !== room && !doors[room]?.includes(target) && target !== '..';
      });
      expect(trespasses).to.deep.equal([]);
    });
  }

  for (const [library, room] of Object.entries(onlyIn)) {
    it(`${library} is imported by ${room} only`, () => {
      const strangers = imports.filter((entry) => entry.wanted === library && entry.room !== room);
      expect(strangers).to.deep.equal([]);
    });
  }

  it('keeps I/O, clock and chance out of the pure rooms', () => {
    const impure = imports.filter(
      (entry) => pure.includes(entry.room) && !entry.wanted.startsWith('.') && !pureImports.test(entry.wanted),
    );
    expect(impure).to.deep.equal([]);
    const clocks = files.filter(
      (file) =>
        pure.includes(file.split('/')[0] ?? '') &&
        /Date\.now|new Date\(\)|Math\.random|setTimeout|process\./.test(readFileSync(join(src, file), 'utf8')),
    );
    expect(clocks).to.deep.equal([]);
  });

  it('exits in doorways only, and doorways have 25 lines at most', () => {
    const exits = files.filter(
      (file) =>
        !file.startsWith('bin/') && /process\.exit\(|process\.reallyExit/.test(readFileSync(join(src, file), 'utf8')),
    );
    expect(exits).to.deep.equal([]);
    const long = files.filter(
      (file) => file.startsWith('bin/') && readFileSync(join(src, file), 'utf8').trimEnd().split('\n').length > 25,
    );
    expect(long).to.deep.equal([]);
  });
});
