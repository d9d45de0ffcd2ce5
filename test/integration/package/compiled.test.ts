import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { withNodeOptions } from '../../../src/unix/node-options.ts';
import { ordinaryUser } from '../../support/daemon.ts';
import { top } from '../../support/program.ts';

const program = join(top, 'build/program/bin');
/** Prints whether V8 refuses what it has compiled before. */
const load = `
  const { readFileSync } = require('node:fs');
  const [filename] = process.argv.slice(1);
  const cachedData = readFileSync(filename + '.v8');
  const source = readFileSync(filename, 'latin1');
  console.log(new (require('node:vm').Script)(source, { filename, cachedData }).cachedDataRejected);`;

describe('what V8 has compiled of the program', () => {
  it('is there for all that runs until the daemon serves, and for rayctl', () => {
    const kept = readdirSync(program, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.v8'));
    expect(kept).to.include.members(
      ['rayserver', 'server/start', 'procwrap/start', 'rayctl'].map((name) => `${name}.cjs.v8`),
    );
  });

  for (const name of ['rayserver', 'server/start', 'procwrap/start', 'rayctl']) {
    it(`is taken for ${name} by an ordinary user's Node.js, with the options of our processes`, () => {
      const file = join(program, `${name}.cjs`);
      expect(existsSync(file)).to.equal(true);
      const options = { ...ordinaryUser, env: withNodeOptions(process.env), encoding: 'utf8' } as const;
      expect(execFileSync(process.execPath, ['-e', load, file], options)).to.equal('false\n');
    });
  }
});
