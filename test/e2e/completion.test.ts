import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Command } from 'commander';
import { makeProgram } from '../../src/client/rayctl/program.ts';
import { ambientModes } from '../../src/model/job.ts';
import { MemoryFarm } from '../support/memory-farm.ts';
import { MemoryHome } from '../support/memory-home.ts';
import { runCommand, top } from '../support/program.ts';
import { skip } from '../support/skip.ts';
import { TerminalRun } from '../support/terminal.ts';

const program = makeProgram(
  process,
  '0',
  async () => undefined,
  () => 1,
);
const verbs = program.commands.filter((command) => !command.name().startsWith('complete-'));
const flagsOf = (command: Command) =>
  command.options.flatMap(({ short, long }) => [short, long]).filter((flag) => typeof flag === 'string');
const common = [...flagsOf(program), '-h', '--help'];

/** The shells' questions are answered by a farm in memory, through the program itself. */
class Shells {
  readonly home: MemoryHome;
  readonly farm: MemoryFarm;

  private constructor(home: MemoryHome, farm: MemoryFarm) {
    this.home = home;
    this.farm = farm;
    const doorway = `#!/bin/sh\nexec ${process.execPath} ${join(top, 'build/src/bin/rayctl.js')} "$@"\n`;
    mkdirSync(join(home.directory, 'bin'));
    writeFileSync(join(home.directory, 'bin/rayctl'), doorway);
    chmodSync(join(home.directory, 'bin/rayctl'), 0o755);
    mkdirSync(join(home.directory, 'house'));
    for (const name of ['room.rif', 'room.rad']) writeFileSync(join(home.directory, name), '');
  }

  static async open(): Promise<Shells> {
    const farm = new MemoryFarm();
    return new Shells(await MemoryHome.open(farm), farm);
  }

  get env(): Record<string, string | undefined> {
    const { directory, home } = this.home;
    const PATH = `${join(directory, 'bin')}:${process.env['PATH']}`;
    return { PATH, HOME: directory, RAYSERVER_HOME: home.path, RAYSERVER: undefined, ZDOTDIR: directory };
  }

  /** What bash offers for the last word of the line. */
  async bash(...words: string[]): Promise<string[]> {
    const script = `
      source "$0"
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _rayctl
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['-c', script, join(top, 'completions/rayctl.bash'), 'rayctl', ...words];
    const ended = await runCommand('bash', args, { cwd: this.home.directory, env: this.env });
    expect([ended.status, ended.stderr]).to.deep.equal([0, '']);
    return ended.stdout.split('\n').filter((line) => line !== '');
  }
}

describe('the completion of bash', () => {
  let shells: Shells;
  before(async () => {
    shells = await Shells.open();
  });
  after(() => shells.home.remove());

  it('has every verb, in the order of --help', async () => {
    expect(await shells.bash('')).to.deep.equal(verbs.map((verb) => verb.name()));
    expect(await shells.bash('--json', 're')).to.deep.equal(['resume', 'retry']);
  });

  for (const verb of verbs) {
    it(`has every option of ${verb.name()}, and no other`, async () => {
      const offered = (await shells.bash(verb.name(), '-')).filter((word) => word !== '--');
      expect(offered).to.have.members([...flagsOf(verb), ...common]);
    });

    it(`knows which options of ${verb.name()} take a value: after them no option is offered`, async () => {
      for (const option of [...verb.options, ...program.options]) {
        const offered = await shells.bash(verb.name(), option.long ?? '', '-');
        if (option.required) expect(offered, option.flags).to.deep.equal([]);
        else expect(offered, option.flags).to.include('--json');
      }
    });
  }

  it('has the jobs that a verb can do something with, the newest first', async () => {
    const { farm } = shells;
    for (const state of ['waiting', 'running', 'paused', 'done', 'failed'] as const)
      farm.add({ state, finishedAt: state === 'done' || state === 'failed' ? '2026-11-22T10:31:00.000Z' : null });
    const offered = async (verb: string) => (await shells.bash(verb, '')).join(' ');
    expect(await offered('show')).to.equal('5 4 3 2 1');
    expect(await offered('cancel')).to.equal('3 2 1');
    expect(await offered('pause')).to.equal('2 1');
    expect(await offered('resume')).to.equal('3');
    expect(await offered('retry')).to.equal('5');
    expect(await offered('delete')).to.equal('5 4');
    expect((await shells.bash('wait', '1', '')).join(' ')).to.equal('3 2 1');
    expect(await shells.bash('show', '1', '')).to.deep.equal([]);
  });

  it('asks the server that the line names, and is silent where none answers', async () => {
    expect(await shells.bash('--home', '/nowhere', 'show', '')).to.deep.equal([]);
    expect(await shells.bash('--server', `http://127.0.0.1:${shells.home.port}`, 'show', '5')).to.deep.equal(['5']);
  });

  it('has simulations and directories for submit, directories for doctor and --project', async () => {
    expect((await shells.bash('submit', '')).sort()).to.deep.equal(['bin', 'home', 'house', 'room.rif']);
    expect((await shells.bash('doctor', 'ho')).sort()).to.deep.equal(['home', 'house']);
    expect(await shells.bash('run', '--project', 'hou')).to.deep.equal(['house']);
    expect((await shells.bash('get', '1', '--output', 'ro')).sort()).to.deep.equal(['room.rad', 'room.rif']);
  });

  it('has commands after --, then files, and none of our options', async () => {
    expect(await shells.bash('run', '--frames', '1-3', '--', 'rayct')).to.deep.equal(['rayctl']);
    expect(await shells.bash('run', '--', 'cat', 'room.ra')).to.deep.equal(['room.rad']);
    expect(await shells.bash('run', '--', 'cat', '--j')).to.deep.equal([]);
  });

  it('has the states that --state takes', async () => {
    const jobs = program.commands.find((command) => command.name() === 'jobs');
    const said = jobs?.options.find(({ long }) => long === '--state')?.description.match(/[a-z]{4,}/g);
    expect(await shells.bash('jobs', '--state', '')).to.have.members(said ?? []);
  });

  it('has the ways that --ambient takes', async () => {
    expect(await shells.bash('submit', '--ambient', '')).to.deep.equal([...ambientModes]);
  });
});

describe('the completion of zsh', () => {
  let shells: Shells;
  let zsh: TerminalRun;
  before(async function () {
    if (spawnSync('zsh', ['--version']).status !== 0) skip(this, 'zsh is missing (apt-get install zsh)');
    shells = await Shells.open();
    const setUp = `
      PS1='ready> '
      fpath=(${join(top, 'completions')} $fpath)
      autoload -Uz compinit && compinit -u -D
      stty rows 100
      setopt no_auto_menu no_beep list_packed no_prompt_sp
      LISTMAX=1000`;
    writeFileSync(join(shells.home.directory, '.zshrc'), setUp);
    zsh = new TerminalRun(200, ['zsh', '-d', '-i'], { ...shells.env, TERM: 'dumb' }, shells.home.directory);
    await zsh.shows('ready> ');
  });
  after(async () => {
    if (!shells) return;
    zsh?.type('\u0015exit\r');
    await zsh?.ended;
    await shells.home.remove();
  });

  let count = 0;
  /** What zsh lists after a press of the tab key on this line. */
  const listed = async (line: string, until: RegExp): Promise<string> => {
    zsh.seen = '';
    zsh.type(`\u0015${line}\t`);
    await zsh.shows(until);
    const { seen } = zsh;
    // Until the answer of a command stands there, what comes still belongs to the list.
    count += 1;
    zsh.type(`\u0015print end-$((${count}))\r`);
    await zsh.shows(new RegExp(`end-${count}\\s+ready> `));
    return seen;
  };
  const last = (words: readonly string[]) => new RegExp(`${[...words].sort().at(-1)}[^a-z-]`);

  it('has every verb', async () => {
    const seen = await listed('rayctl ', /doctor[\s\S]*ready> /);
    for (const verb of verbs) expect(seen).to.match(new RegExp(`(^|\\s)${verb.name()} `, 'm'));
  });

  for (const verb of verbs) {
    it(`has every option of ${verb.name()}`, async () => {
      const flags = [...flagsOf(verb), ...common].filter((flag) => flag.startsWith('--'));
      const seen = await listed(`rayctl ${verb.name()} --`, last(flags));
      for (const flag of flags) expect(seen).to.match(new RegExp(`(^|\\s)${flag}(\\s|$)`, 'm'));
    });
  }

  it('has jobs with their names', async () => {
    shells.farm.add({ name: 'evening', state: 'paused' });
    shells.farm.add({ name: 'morning' });
    expect(await listed('rayctl show ', /1 +-- paused: evening/)).to.match(/2 +-- waiting: morning/);
    shells.farm.add({ name: 'noon', state: 'paused' });
    const seen = await listed('rayctl resume ', /1 +-- paused: evening/);
    expect(seen)
      .to.match(/3 +-- paused: noon/)
      .and.not.to.match(/waiting/);
  });

  it('has commands after --', async () => {
    expect(await listed('rayctl run --frames 1-3 -- rayct', /-- rayctl /)).to.include('-- rayctl ');
  });
});
