import { expect } from 'chai';
import type { Command } from 'commander';
import { exitStatus } from '../../../src/client/rayctl/exit.ts';
import { makeProgram } from '../../../src/client/rayctl/program.ts';
import { programs } from '../../../src/renderers/radiance/options.ts';
import { itemsOf, readPage, sectionOf, squeezed } from '../../support/mdoc.ts';
import { sources, templateOf } from '../../support/sources.ts';

const page = readPage('rayctl.1');
const whole = makeProgram(
  process,
  '0',
  async () => undefined,
  () => 1,
);

/** But for the verb that only shells ask for. */
const commands = whole.commands.filter((verb) => verb.name() !== 'complete-jobs');
const program = { options: whole.options, commands };

describe('rayctl(1) and the program', () => {
  it('has every option that all verbs understand, and no other', () => {
    const common = program.options.flatMap(flagsOf);
    expect(items(sectionOf(page, 'DESCRIPTION'))).to.have.members([...common, '-h', '--help']);
  });

  it('has a section for every verb, in the order of --help', () => {
    const verbs = program.commands.map((verb) => verb.name());
    const titles = [...page.sections.keys()].flatMap((key) => /^DESCRIPTION\/(\S+)$/.exec(key)?.slice(1) ?? []);
    expect(titles).to.deep.equal(verbs);
  });

  for (const verb of program.commands) {
    it(`has every option of ${verb.name()}, and no other`, () => {
      const options = verb.options.flatMap(flagsOf);
      expect(items(sectionOf(page, `DESCRIPTION/${verb.name()}`))).to.have.members(options);
    });

    it(`has ${verb.name()} with its options in the synopsis`, () => {
      const synopsis = squeezed(sectionOf(page, 'SYNOPSIS'));
      const [, own = ''] = new RegExp(`\\.Cm ${verb.name()}(?: |$)(.*?)(?:\\.Nm|$)`).exec(`${synopsis} `) ?? [];
      for (const flag of verb.options.flatMap(flagsOf))
        expect(own).to.match(new RegExp(`(Fl|\\|) ${flag.slice(1)}( |$)`));
      for (const { required, variadic } of verb.registeredArguments) {
        if (required) expect(own).to.match(variadic ? /\.Ar \S+ \.\.\. $/ : /\.Ar \S+/);
        else expect(own).to.match(/\.Op Ar \S+ $/);
      }
    });
  }

  it('has every exit status', () => {
    const lines = sectionOf(page, 'EXIT STATUS');
    for (const status of Object.values(exitStatus)) expect(lines).to.include(`.It ${status}`);
  });

  it('names every program that a plan may have', () => {
    const section = squeezed(sectionOf(page, 'DESCRIPTION/What a Radiance job is'));
    for (const name of programs) expect(section).to.include(`.Xr ${name} 1`);
  });

  it('explains messages that the program really has', () => {
    const texts = sources();
    const told = itemsOf(sectionOf(page, 'DIAGNOSTICS'), 'Sy');
    expect(told).to.have.length.of.at.least(10);
    expect(told.filter((text) => !texts.some((source) => templateOf(text).test(source)))).to.deep.equal([]);
  });

  it('has the states of a job that --state takes', () => {
    const jobs = program.commands.find((verb) => verb.name() === 'jobs');
    const said = jobs?.options.find(({ long }) => long === '--state')?.description ?? '';
    const section = squeezed(sectionOf(page, 'DESCRIPTION/jobs'));
    for (const state of said.match(/[a-z]{4,}/g) ?? []) expect(section).to.include(`Cm ${state}`);
  });
});

function flagsOf({ short, long }: Command['options'][number]): string[] {
  return [short, long].filter((flag): flag is string => typeof flag === 'string');
}

/** Options in `.It Fl f , Fl -follow`. */
function items(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.startsWith('.It Fl'))
    .flatMap((line) => [...line.matchAll(/Fl (\S+)/g)].map(([, name]) => `-${name}`));
}
