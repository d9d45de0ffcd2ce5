import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, temporaryDirectory, top } from '../support/program.ts';

const options = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
  },
};

describe('the package', () => {
  let place: { path: string; remove: () => void };
  beforeEach(() => {
    place = temporaryDirectory();
  });
  afterEach(() => place.remove());

  it('gives a front end in TypeScript its types: the example passes strict checks', async () => {
    mkdirSync(join(place.path, 'node_modules'));
    symlinkSync(top, join(place.path, 'node_modules/rayserver'));
    symlinkSync(join(top, 'node_modules/@types'), join(place.path, 'node_modules/@types'));
    writeFileSync(join(place.path, 'package.json'), '{"type":"module"}');
    writeFileSync(join(place.path, 'tsconfig.json'), JSON.stringify({ ...options, files: ['submit.ts'] }));
    cpSync(join(top, 'examples/client/submit.mjs'), join(place.path, 'submit.ts'));
    const { status, stdout } = await runCommand(join(top, 'node_modules/.bin/tsc'), ['-p', place.path]);
    expect([status, stdout]).to.deep.equal([0, '']);
  });

  it('holds the program, its templates, manual pages and examples, and neither tests nor sources', async () => {
    const { stdout } = await runCommand('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: top,
      env: { npm_config_cache: place.path },
    });
    const [packed] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const paths = packed.files.map(({ path }) => path);
    expect(paths).to.include.members([
      'bin/rayctl',
      'bin/rayserver',
      'build/program/bin/procwrap/start.cjs',
      'build/program/bin/server/start.cjs',
      'build/src/bin/rayserver.js',
      // For machines on which the compiled spawner is missing or does not run.
      'build/program/bin/spawner/start.cjs',
      'build/src/bin/spawner/start.js',
      'build/src/client/index.d.ts',
      // Compiled where the package is installed, for the C library there.
      'packaging/npm/install.cjs',
      'src/executor/spawner.c',
      'src/executor/spawner/confine.h',
      'src/executor/spawner/groups.h',
      'completions/_rayctl',
      'completions/rayctl.bash',
      'config/hosts.dst',
      'config/rayserver.yaml.dst',
      'examples/client/submit.mjs',
      'examples/livingroom/livingroom.rif',
      'man/rayserver.8',
      'openapi.json',
      'CHANGELOG.md',
    ]);
    expect(paths).to.not.include('build/spawner');
    expect(paths.filter((path) => /^(src\/.*\.ts|test|build\/test|scripts|docs|\.)|\.map$/.test(path))).to.deep.equal(
      [],
    );
  });
});
