import { posix } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { type HostRecord, readHosts } from '../../../src/config/hosts.ts';
import { locationOf, type ProjectNamed, projectAt, projectFor, projectOf } from '../../../src/config/projects.ts';
import { Refusal } from '../../../src/model/refusal.ts';

const record = (line: string) => readHosts('/c/hosts', () => line).hosts[0] as HostRecord;
const sun = record('sun 8 proj=/export/proj deep=/export/proj/deep old="/export/old projects" win="P:\\proj"');

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(Refusal);
    return `${(error as Refusal).code}: ${(error as Refusal).message}`;
  }
  return 'it was accepted';
}

describe('a location', () => {
  const covering = (path: string) => {
    const found = locationOf(sun, path);
    return found && `${found.location.name}: ${found.rest}`;
  };

  it('is the one whose path is a parent of the project', () => {
    expect(covering('/export/proj/room')).to.equal('proj: room');
    expect(covering('/export/old projects/a/b c')).to.equal('old: a/b c');
  });
  it('is the one with the longest path where several are', () => {
    expect(covering('/export/proj/deep/room')).to.equal('deep: room');
  });
  it('is compared by whole components', () => {
    expect(covering('/export/project/room')).to.equal(null);
    expect(covering('/export/proj/deeper')).to.equal('proj: deeper');
  });
  it('is no parent of itself', () => {
    expect(covering('/export/proj')).to.equal(null);
    expect(covering('/export/proj/deep')).to.equal('proj: deep');
  });
  it('may be the root of all', () => {
    const found = locationOf(record('sun 1 all=/'), '/a/b');
    expect([found?.location.name, found?.rest]).to.deep.equal(['all', 'a/b']);
  });
  it('with a Windows path covers nothing here', () => {
    expect(covering('P:\\proj\\room')).to.equal(null);
  });
});

describe('a project', () => {
  it('is found below its location, wherever this host sees that', () => {
    expect(projectOf(sun, 'old', 'house/a b')).to.deep.equal({
      location: 'old',
      root: '/export/old projects',
      rest: 'house/a b',
      path: '/export/old projects/house/a b',
    });
    expect(projectOf(record('sun 1 all=/'), 'all', 'a').path).to.equal('/a');
  });
  it('may be named with one slash at its end', () => {
    expect(projectOf(sun, 'proj', 'room/').rest).to.equal('room');
    expect(projectAt('/export/room/').path).to.equal('/export/room');
  });
  it('is an absolute path where there are no locations', () => {
    const expected = { location: null, root: '/', rest: 'home/ann/room', path: '/home/ann/room' };
    expect(projectFor(null, { path: '/home/ann/room' })).to.deep.equal(expected);
    expect(projectFor(record('sun 8'), { path: '/home/ann/room' })).to.deep.equal(expected);
    expect(projectFor(record('sun 8 win=P:\\proj'), { path: '/home/ann/room' })).to.deep.equal(expected);
  });
  it('may be an absolute path below a location', () => {
    const asked: ProjectNamed = { path: '/export/proj/deep/room' };
    expect(projectFor(sun, asked)).to.deep.equal(projectOf(sun, 'deep', 'room'));
  });
  it('is refused when its absolute path lies below no location', () => {
    expect(refusal(() => projectFor(sun, { path: '/home/ann/room' }))).to.equal(
      'unknown-location: Project "/home/ann/room" lies below no location of host "sun" ' +
        '(proj=/export/proj, deep=/export/proj/deep, old=/export/old projects).',
    );
    expect(refusal(() => projectFor(sun, { path: '/export/proj' }))).to.match(/lies below no location/);
  });
  it('is refused when its location is unknown, or is not seen by this host', () => {
    for (const location of ['attic', 'PROJ', '', 'win', '__proto__']) {
      expect(refusal(() => projectFor(sun, { location, path: 'room' }))).to.equal(
        `unknown-location: Unknown location "${location}".`,
      );
    }
    expect(refusal(() => projectFor(null, { location: 'proj', path: 'room' }))).to.equal(
      'unknown-location: Unknown location "proj".',
    );
  });

  const hostile: [what: string, rest: string, shown: string][] = [
    ['a way upwards', '../etc', '../etc'],
    ['a way upwards in the middle', 'a/../../etc', 'a/../../etc'],
    ['a way upwards at the end', 'a/..', 'a/..'],
    ['an absolute way', '/etc', '/etc'],
    ['no way', '', ''],
    ['a slash alone', '/', '/'],
    ['two slashes', 'a//b', 'a//b'],
    ['two slashes at the end', 'a//', 'a//'],
    ['a dot', '.', '.'],
    ['a dot within', 'a/./b', 'a/./b'],
    ['a NUL', 'a\0b', 'a\\u0000b'],
    ['half a character', 'a\ud800', 'a\\ud800'],
  ];
  for (const [what, rest, shown] of hostile) {
    it(`is refused: ${what}`, () => {
      expect(refusal(() => projectOf(sun, 'proj', rest))).to.equal(`no-such-project: No such project "${shown}".`);
      const absolute = rest === '/' ? '//' : `/${rest}`;
      expect(refusal(() => projectAt(absolute))).to.match(/^no-such-project: No such project "/);
      expect(refusal(() => projectFor(sun, { path: absolute }))).to.match(/^no-such-project: No such project "/);
    });
  }
  it('is refused: a way that no system can hold', () => {
    expect(refusal(() => projectOf(sun, 'proj', 'a/'.repeat(3000)))).to.match(/^no-such-project: .{1,120}\.\.\."\.$/);
  });
  it('is refused: a relative path where there are no locations', () => {
    for (const path of ['', 'room', './room', '~/room']) {
      expect(refusal(() => projectFor(null, { path }))).to.equal(`no-such-project: No such project "${path}".`);
    }
  });
  it('never lies outside its location, whatever the way', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', 'a', '\0', '...'), fc.string());
    fc.assert(
      fc.property(fc.array(part), fc.boolean(), (parts, absolute) => {
        const rest = (absolute ? '/' : '') + parts.join('/');
        const seen = refusal(() => {
          const project = projectOf(sun, 'proj', rest);
          expect(posix.normalize(project.path)).to.equal(project.path);
          expect(project.path).to.match(/^\/export\/proj\/./);
          expect(project.path).to.equal(`${project.root}/${project.rest}`);
        });
        expect(seen).to.match(/^(it was accepted|no-such-project: No such project ")/);
      }),
      { numRuns: 500 },
    );
  });
});
