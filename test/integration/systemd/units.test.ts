import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseOptions } from '../../../src/daemon/options.ts';
import { temporaryDirectory, top } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';

const source = join(top, 'systemd');
const systems = '/usr/lib/systemd/system';
const services = ['rayserver.service', 'rayserver-procwrap.service'];
const units = readdirSync(source).filter((name) => /\.(service|socket|target)$/.test(name));

describe('the units for systemd', () => {
  let place: { path: string; remove: () => void };
  let version: string;
  before(function () {
    const { error, stdout } = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
    if (error) skip(this, 'systemd-analyze is missing');
    version = /^systemd ([0-9]+)/.exec(stdout)?.[1] ?? '';
  });
  beforeEach(() => {
    place = temporaryDirectory();
    cpSync(systems, join(place.path, systems), { recursive: true, verbatimSymlinks: true });
    for (const name of units) copyFileSync(join(source, name), join(place.path, systems, name));
    for (const program of ['usr/bin/rayserver', 'usr/bin/kill']) {
      mkdirSync(join(place.path, 'usr/bin'), { recursive: true });
      writeFileSync(join(place.path, program), '#!/bin/sh\n');
      chmodSync(join(place.path, program), 0o755);
    }
    for (const name of ['lib', 'bin']) symlinkSync(`usr/${name}`, join(place.path, name));
  });
  afterEach(() => place.remove());

  const analyze = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, `--root=${place.path}`], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const dropIn = (example: string, service: string) => {
    const directory = join(place.path, systems, `${service}.d`);
    mkdirSync(directory, { recursive: true });
    copyFileSync(join(source, 'examples', example), join(directory, example));
  };

  it('are what systemd understands, with each of the examples and with all', () => {
    const faults = () => analyze('verify', '--man=no', ...units);
    expect(faults()).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    for (const example of readdirSync(join(source, 'examples'))) {
      if (example !== 'user-procwrap.conf') dropIn(example, 'rayserver.service');
      if (/procwrap|home/.test(example)) dropIn(example, 'rayserver-procwrap.service');
      expect(faults(), example).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    }
  });

  it('let root change nothing that the daemon can put a link in the place of', () => {
    const socket = readFileSync(join(source, 'rayserver.socket'), 'utf8');
    expect(socket)
      .to.match(/^ListenStream=\/var\/lib\/rayserver\//m)
      .and.not.match(/^Socket(User|Group)=/m);
    const inHome = readFileSync(join(source, 'tmpfiles.d/rayserver.conf'), 'utf8').match(/^[^#\n].*/gm) ?? [];
    for (const line of inHome) expect(line).to.match(/^d \/var\/lib\/rayserver(\/run)? +:07\d\d :\S+ :\S+ -$/);
  });

  const readme = readFileSync(join(source, 'README.md'), 'utf8').replaceAll('\\|', '|');
  const exposure = (service: string) => {
    const { stdout } = analyze('security', '--offline=true', '--no-pager', service);
    return /exposure level for \S+: ([0-9.]+)/.exec(stdout)?.[1];
  };

  it('leave the daemon as little as the text beside them says', function () {
    if (version !== '252') skip(this, 'the figures are those of systemd 252');
    expect(readme).to.include(`| as it is, started as root | ${exposure('rayserver.service')} |`);
    dropIn('socket.conf', 'rayserver.service');
    expect(readme).to.include(`| with \`examples/socket.conf\` | ${exposure('rayserver.service')} |`);
    dropIn('user.conf', 'rayserver.service');
    expect(readme).to.include(`| with both | ${exposure('rayserver.service')} |`);
    const alone = exposure('rayserver-procwrap.service');
    dropIn('user-procwrap.conf', 'rayserver-procwrap.service');
    expect(readme).to.include(`\n${alone}, with \`user-procwrap.conf\` ${exposure('rayserver-procwrap.service')};`);
  });

  it('leave the daemon less than any service of Debian, with the user of systemd', function () {
    if (version !== '252') skip(this, 'the figures are those of systemd 252');
    dropIn('user.conf', 'rayserver.service');
    expect(readme).to.include(`| with \`examples/user.conf\` | ${exposure('rayserver.service')} |`);
    expect(Number(exposure('rayserver.service'))).to.be.at.most(1.2);
  });

  for (const service of services) {
    it(`have a reason for each right that ${service} leaves`, () => {
      const { stdout } = analyze('security', '--offline=true', '--json=short', service);
      const points = JSON.parse(stdout) as { set: boolean | null; name: string; exposure: string | null }[];
      const left = points.filter(({ set, exposure }) => set === false && Number(exposure) > 0).map(({ name }) => name);
      expect(left).to.have.length.greaterThan(5);
      const part = readme.split('## What ')[service === 'rayserver.service' ? 2 : 3] ?? '';
      const isTold = (name: string) =>
        part.includes(`\`${name}\``) || part.includes(`\`${name.replace(/~.*/, '')}\` (all`);
      expect(left.filter((name) => !isTold(name))).to.deep.equal([]);
    });
  }

  for (const service of services) {
    it(`start the program with options that it has: ${service}`, () => {
      const text = readFileSync(join(source, service), 'utf8');
      const [, words = ''] = /^ExecStart=\/usr\/bin\/rayserver (.*)$/m.exec(text) ?? [];
      const args = words.replace(/\$\{RAYSERVER_USER\}/, 'ray').replace(/\$\{RAYSERVER_GROUP\}/, 'rfusers');
      const parsed = parseOptions(args.replace(' $RAYSERVER_OPTIONS', '').split(' '), 'linux');
      expect(parsed).to.deep.include({ is: 'run' });
      const part = service === 'rayserver.service' ? 'server only' : 'procwrap';
      expect(parsed.is === 'run' && parsed.options).to.include({
        foreground: true,
        part,
        user: 'ray',
        group: 'rfusers',
      });
    });
  }
});
