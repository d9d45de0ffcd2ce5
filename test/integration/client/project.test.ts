import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CalledWrongly } from '../../../src/client/errors.ts';
import { localPath, nameProject, ownRecord } from '../../../src/client/rayctl/project.ts';
import { homeAt } from '../../../src/config/home.ts';
import { jobView } from '../../support/views.ts';

describe('the project that a path means', () => {
  let directory: string;
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'project-')));
    mkdirSync(join(directory, 'export/proj/house'), { recursive: true });
    writeFileSync(join(directory, 'export/proj/house/room.rif'), '');
    writeFileSync(join(directory, 'export/proj/house/notes.txt'), '');
    symlinkSync('export', join(directory, 'mnt'));
  });
  afterEach(() => {
    chmodSync(directory, 0o700);
    rmSync(directory, { recursive: true, force: true });
  });

  const here = () => ({ cwd: directory, isHere: true });
  const record = (path: string) => ({
    name: 'me',
    cpus: 0,
    locations: [{ name: 'proj', path: join(directory, path) }],
    file: 'hosts',
    line: 1,
  });
  const expected = () => ({ project: { path: join(directory, 'export/proj/house') }, rif: 'room.rif' });

  it('is an absolute directory without links', () => {
    expect(nameProject('mnt/proj/house/room.rif', null, here())).to.deep.equal(expected());
    expect(nameProject(join(directory, 'mnt/proj/house/room.rif'), null, here())).to.deep.equal(expected());
    const inside = { cwd: join(directory, 'mnt/proj/house'), isHere: true };
    expect(nameProject('room.rif', null, inside)).to.deep.equal(expected());
  });

  it('is named by its location where this host has one, by whatever links it is reached', () => {
    const named = { project: { location: 'proj', path: 'house' }, rif: 'room.rif' };
    for (const mount of ['export/proj', 'mnt/proj']) {
      for (const path of ['export/proj/house/room.rif', 'mnt/proj/house/room.rif']) {
        expect(nameProject(path, record(mount), here())).to.deep.equal(named);
      }
    }
    expect(nameProject('mnt/proj/house/room.rif', record('export/pro'), here())).to.deep.equal(expected());
  });

  it('need not be on this machine for a server elsewhere', () => {
    const elsewhere = { cwd: '/home/ann', isHere: false };
    expect(nameProject('/srv/house/room.rif', null, elsewhere)).to.deep.equal({
      project: { path: '/srv/house' },
      rif: 'room.rif',
    });
  });

  it('has to be absolute where it is on the server only', () => {
    const name = () => nameProject('house/room.rif', null, { cwd: '/home/ann', isHere: false });
    expect(name).to.throw(
      CalledWrongly,
      '"house/room.rif" is not on this machine. Give its absolute path on the server.',
    );
  });

  const refusals: [string, string, string][] = [
    ['a file that is missing', 'mnt/proj/house/other.rif', 'No such file "mnt/proj/house/other.rif".'],
    [
      'a name without its ending',
      'mnt/proj/house/room',
      'No such file "mnt/proj/house/room". Did you mean "mnt/proj/house/room.rif"?',
    ],
    ['a directory', 'mnt/proj/house', '"mnt/proj/house" is a directory. Name one of its .rif files: room.rif.'],
    ['a directory without .rif files', 'mnt/proj', '"mnt/proj" is a directory. It has no .rif file.'],
    [
      'another file',
      'mnt/proj/house/notes.txt',
      '"mnt/proj/house/notes.txt" is no .rif file. Submit the .rif file of the project.',
    ],
    ['a file below a file', 'mnt/proj/house/notes.txt/room.rif', 'No such file "mnt/proj/house/notes.txt/room.rif".'],
  ];
  for (const [what, path, message] of refusals) {
    it(`is told from ${what}`, () => {
      expect(() => nameProject(path, null, here()))
        .to.throw(CalledWrongly)
        .with.property('message', message);
    });
  }

  it("comes with this host's record in the hosts file of the home", () => {
    const home = homeAt(join(directory, 'home'));
    mkdirSync(home.config, { recursive: true });
    expect(ownRecord(home)).to.equal(null);
    expect(ownRecord(null)).to.equal(null);
    writeFileSync(home.hostsFile, `other 2\n${hostname()} 2 proj="${directory}/mnt/proj"\n`);
    expect(ownRecord(home)?.locations).to.deep.equal([{ name: 'proj', path: `${directory}/mnt/proj` }]);
    writeFileSync(home.hostsFile, 'other many\n');
    expect(() => ownRecord(home)).to.throw(`${home.hostsFile}:1: expected a number of processors`);
  });

  it('has its results where this machine sees them', () => {
    const there = jobView({ project: { location: null, path: '/srv/house' } });
    expect(localPath(there, 'images/a.hdr', null)).to.equal('/srv/house/images/a.hdr');
    const shared = jobView({ project: { location: 'proj', path: 'house' } });
    expect(localPath(shared, 'a.hdr', record('mnt/proj'))).to.equal(join(directory, 'mnt/proj/house/a.hdr'));
    expect(localPath(shared, 'a.hdr', null)).to.equal('proj:house/a.hdr');
  });
});
