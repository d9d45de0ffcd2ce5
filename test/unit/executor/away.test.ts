import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { expect } from 'chai';
import { Away, projectRefusal } from '../../../src/executor/away.ts';
import { isScarcity } from '../../../src/executor/scarcity.ts';
import { Refusal } from '../../../src/model/refusal.ts';

const project = { location: 'proj', root: '/export', rest: 'room', path: '/export/room' };
const goesOn = 'and the job goes on by itself; or cancel the job.';

describe('a project that cannot be opened', () => {
  const refusalFor = (code: keyof typeof constants.errno): Refusal => {
    // As Node says it: some have no name there.
    const errno = -constants.errno[code];
    const error = Object.assign(new Error(`${code}: ..., open`), { code: getSystemErrorName(errno), errno });
    try {
      return projectRefusal(project, error);
    } catch (thrown) {
      return thrown as Refusal;
    }
  };
  const away = (code: keyof typeof constants.errno) => refusalFor(code) as Away;

  for (const [code, fact, mend] of [
    ['ENOENT', 'is not there', 'Mount it'],
    ['ENODEV', 'is not there: no such device', 'Mount it'],
    ['ENOTDIR', 'is not there: it is not a directory', 'Put it back'],
    ['EXDEV', 'is not there: a link on the way leads out of the location', 'Put it back'],
    ['ELOOP', 'is not there: too many symbolic links encountered', 'Mount it'],
    ['EACCES', 'cannot be read: permission denied', 'Mount it or make it readable'],
    ['EPERM', 'cannot be read: operation not permitted', 'Mount it or make it readable'],
    ['ESTALE', 'cannot be reached: stale file handle', 'Bring back what it lies on'],
    ['EIO', 'cannot be reached: i/o error', 'Bring back what it lies on'],
    ['ETIMEDOUT', 'cannot be reached: connection timed out', 'Bring back what it lies on'],
    ['ENOTCONN', 'cannot be reached: socket is not connected', 'Bring back what it lies on'],
    ['EHOSTUNREACH', 'cannot be reached: host is unreachable', 'Bring back what it lies on'],
  ] as const) {
    it(`is waited for: ${code}`, () => {
      expect(away(code)).to.be.instanceOf(Away);
      expect(away(code).waits).to.equal(`The project /export/room ${fact}. ${mend}, ${goesOn}`);
      expect(isScarcity(away(code)), 'nobody waits for it in a slot').to.equal(false);
    });
  }

  it('is waited for where the system has a name for its host, too', () => {
    const error = Object.assign(new Error('EHOSTDOWN'), { code: 'EHOSTDOWN', errno: -112 });
    expect((projectRefusal(project, error) as Away).waits).to.match(/^The project \/export\/room cannot be reached: /);
  });

  it('is refused to who asks, in a word', () => {
    const told = (code: keyof typeof constants.errno) => `${refusalFor(code).code}: ${refusalFor(code).message}`;
    expect(told('ENOENT')).to.equal('no-such-project: No such project "room".');
    expect(told('ENOTDIR')).to.equal('no-such-project: No such project "room". It is not a directory.');
    expect(told('EACCES')).to.equal('project-not-readable: Project not readable: /export/room');
    expect(told('ESTALE')).to.equal('not-ready: /export/room: stale file handle.');
  });

  it('for want of descriptors is not away: that passes by itself', () => {
    expect(refusalFor('EMFILE')).to.be.instanceOf(Refusal).and.not.instanceOf(Away);
    expect(isScarcity(refusalFor('EMFILE'))).to.equal(true);
  });
});
