import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { hiddenFile } from '../../../../src/executor/sandbox/hidden.ts';
import { isSeen, isWithin } from '../../../../src/executor/sandbox/sights.ts';
import { type Needs, viewFor } from '../../../../src/executor/sandbox/view.ts';

describe('what a cell shows', () => {
  let base: string;
  let needs: Needs;
  const at = (...parts: string[]) => join(base, ...parts);
  const make = (...paths: string[]) => {
    for (const path of paths) mkdirSync(at(path), { recursive: true });
  };
  const program = (path: string) => writeFileSync(at(path), '#!/bin/sh\n', { mode: 0o755 });
  const seen = (more: Partial<Needs>, ...paths: string[]) => {
    const sights = viewFor({ ...needs, ...more });
    return paths.filter((path) => isSeen(at(path), sights));
  };

  beforeEach(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'view-')));
    make('projects/room', 'projects/other', 'home/config', 'ann/bin', 'tools', 'lib', 'radiance/bin', 'radiance/lib');
    program('radiance/bin/rpict');
    needs = {
      project: at('projects/room'),
      named: at('projects/room'),
      location: null,
      program: 'sh',
      env: { HOME: at('ann'), PATH: `${at('radiance/bin')}:/usr/bin`, RAYPATH: `.:${at('radiance/lib')}` },
      home: at('home'),
      network: false,
      readable: [],
      writable: [],
      devices: [],
    };
  });
  afterEach(() => rmSync(base, { recursive: true }));

  it('is the project, and none beside it', () => {
    const all = ['projects/room', 'projects/other', 'projects', 'home', 'home/config', 'ann', 'tools', 'lib'];
    expect(seen({}, ...all)).to.deep.equal(['projects/room']);
  });
  it('is Radiance', () => {
    expect(seen({}, 'radiance/bin/rpict', 'radiance/lib')).to.deep.equal(['radiance/bin/rpict', 'radiance/lib']);
  });
  it('is the directory of the program, by its name and by where that leads to', () => {
    program('tools/trace');
    make('elsewhere');
    symlinkSync(at('tools/trace'), at('elsewhere/trace'));
    const all = ['tools/trace', 'tools', 'elsewhere', 'lib'];
    expect(seen({ program: at('elsewhere/trace') }, ...all)).to.deep.equal(['tools/trace', 'tools', 'elsewhere']);
    const env = { ...needs.env, PATH: `${at('elsewhere')}:/usr/bin` };
    expect(seen({ program: 'trace', env }, ...all)).to.deep.equal(['tools/trace', 'tools', 'elsewhere']);
  });
  it('is nothing that a link in the project leads to: simulations could turn it', () => {
    program('tools/trace');
    program('home/config/trace');
    symlinkSync(at('tools/trace'), at('projects/room/trace'));
    symlinkSync(at('tools'), at('projects/room/tools'));
    symlinkSync(at('projects/room/tools'), at('lib/tools'));
    const all = ['tools/trace', 'tools', 'home/config'];
    for (const path of ['projects/room/trace', 'projects/room/tools/trace', 'lib/tools/trace'])
      expect(seen({ program: at(path) }, ...all), path).to.deep.equal([]);
  });
  it('is nothing that a link leads to in what may be written beside the project', () => {
    program('tools/trace');
    symlinkSync(at('tools/trace'), at('lib/trace'));
    expect(seen({ program: at('lib/trace') }, 'tools')).to.deep.equal(['tools']);
    expect(seen({ program: at('lib/trace'), writable: [at('lib')] }, 'tools')).to.deep.equal([]);
  });
  it('is nothing for a program that is none, and never the home of rayserver for one', () => {
    writeFileSync(at('lib/data.txt'), '');
    program('home/config/trace');
    for (const name of ['config', 'trace'])
      symlinkSync(at('home/config', name === 'trace' ? name : ''), at('tools', name));
    symlinkSync(at('tools/missing'), at('tools/turning'));
    symlinkSync(at('tools/turning'), at('tools/missing'));
    const all = ['lib', 'lib/data.txt', 'projects/other', 'home/config', 'home/config/trace'];
    for (const path of ['lib/data.txt', 'projects/other', 'tools/config', 'tools/trace', 'tools/turning'])
      expect(seen({ program: at(path) }, ...all), path).to.deep.equal([]);
  });
  it('has ways to what lies deep in its own /tmp and home that nobody can turn', () => {
    make('ann/work/room');
    const project = at('ann/work/room');
    const ways = viewFor({ ...needs, project, named: project }).filter(({ is }) => is === 'way');
    expect(ways.map(({ path }) => path)).to.include(at('ann/work'));
  });
  for (const [where, path] of [
    ['a home', 'ann/trace'],
    ['the home of rayserver', 'home/config/trace'],
    ['the directory of all projects', 'projects/trace'],
  ] as const) {
    it(`is the program alone where it lies in ${where}`, () => {
      program(path);
      const all = [path, 'ann/bin', 'home/config', 'projects/other'];
      expect(seen({ program: at(path) }, ...all)).to.deep.equal(path.startsWith('home') ? [] : [path]);
    });
  }
  it('is what may be read beside it, but never the home of rayserver', () => {
    expect(seen({ readable: [at('lib'), at('missing')] }, 'lib', 'missing', 'tools')).to.deep.equal(['lib']);
    expect(seen({ readable: [base] }, 'lib', 'home', 'home/config')).to.deep.equal(['lib']);
  });
  it('is what may be read by a link and by where that leads to, unless it is the home of rayserver', () => {
    symlinkSync(at('lib'), at('named'));
    symlinkSync(at('home/config'), at('ours'));
    const readable = [at('named'), at('ours'), at('home/config')];
    expect(seen({ readable }, 'named', 'lib', 'ours', 'home/config')).to.deep.equal(['named', 'lib']);
  });
  it('does not lose what it has of its own to what may be read', () => {
    const readable = ['/', '/dev', '/proc', '/sys', '/tmp'];
    expect(viewFor({ ...needs, readable })).to.deep.equal(viewFor(needs));
  });
  it('has no ways where what may be read lies over them', () => {
    make('ann/work/room');
    const project = at('ann/work/room');
    const view = viewFor({ ...needs, project, named: project, readable: [base] });
    expect(view.filter(({ is, path }) => is === 'way' && path.startsWith(at('ann')))).to.deep.equal([]);
  });
  it('is what may be written beside it, also where programs lie above, but never the home of rayserver', () => {
    make('radiance/marks');
    const written = (...writable: string[]) =>
      viewFor({ ...needs, writable }).flatMap((sight) => (sight.is === 'write' ? [sight.path] : []));
    expect(written(at('radiance/marks'), at('missing'))).to.deep.equal([at('radiance/marks'), at('projects/room')]);
    expect(written(base, at('home'), at('home/config'))).to.deep.equal([at('projects/room')]);
    program('radiance/trace');
    const sights = viewFor({ ...needs, program: at('radiance/trace'), writable: [at('radiance/marks')] });
    const last = sights.findLast(({ path }) => isWithin(at('radiance/marks/a'), path));
    expect(last).to.deep.equal({ is: 'write', path: at('radiance/marks') });
  });
  it('has a way to the project by the name that its users have for it', () => {
    symlinkSync(at('projects'), at('named'));
    expect(seen({ named: at('named/room') }, 'named/room/a.rad', 'named/other')).to.deep.equal(['named/room/a.rad']);
  });
  it('is the project in /var/tmp, too, which is a link otherwise', () => {
    const project = '/var/tmp/room';
    expect(isSeen(`${project}/a.rad`, viewFor({ ...needs, project, named: project }))).to.equal(true);
  });
  it('has an empty home, even where the project lies in it', () => {
    make('ann/room');
    expect(seen({ project: at('ann/room'), named: at('ann/room') }, 'ann/room', 'ann', 'ann/bin')).to.deep.equal([
      'ann/room',
    ]);
  });
  it('has no other devices than those named', () => {
    const devices = (more: Partial<Needs>) =>
      viewFor({ ...needs, ...more }).filter((sight) => sight.is === 'device' && sight.path === '/dev/ptmx');
    expect(devices({})).to.have.length(0);
    expect(devices({ devices: ['/dev/ptmx', '/dev/missing'] })).to.have.length(1);
    expect(viewFor({ ...needs, devices: ['/dev/ptmx'] })).to.deep.include({ is: 'read', path: '/sys' });
  });

  describe('and a program that failed', () => {
    const why = (line: string) =>
      hiddenFile(['first', line], { sights: viewFor(needs), project: needs.project, home: needs.home });

    beforeEach(() => {
      for (const path of ['lib/oak.rad', 'home/config/token', 'projects/room/a.rad']) writeFileSync(at(path), '');
      symlinkSync(at('lib/oak.rad'), at('projects/room/oak.rad'));
    });

    it('is told of a file that is there, but not to be seen', async () => {
      const says = `${at('lib/oak.rad')} is on this host, but not to be seen from where the program ran`;
      for (const line of [
        `oconv: cannot open "${at('lib/oak.rad')}": No such file`,
        `${at('lib/oak.rad')}: no such file.`,
      ])
        expect(await why(line)).to.match(new RegExp(`^${says}: name it, .* in the setting "sandbox.readable"\\.$`));
    });
    it('is told of a link that leads to one', async () => {
      expect(await why('cannot find oak.rad')).to.match(/^oak\.rad is on this host, /);
    });
    it('is told nothing of files that it sees, that are not there, or that nobody shall see', async () => {
      const lines = [
        at('projects/room/a.rad'),
        'a.rad',
        at('missing'),
        at('home/config/token'),
        '/usr/bin/env',
        '/',
        '/proc/1',
        base,
      ];
      for (const line of lines) expect(await why(line), line).to.equal(null);
    });
  });
});
