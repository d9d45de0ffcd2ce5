import { expect } from 'chai';
import * as findings from '../../../../src/client/rayctl/findings.ts';

const person = (changes: Partial<findings.Person> = {}): findings.Person => ({
  uid: 1001,
  groups: [1001],
  groupName: (gid) => (gid === 100 ? 'rfusers' : String(gid)),
  ...changes,
});
const file = (mode: number) => ({ mode, uid: 500, gid: 100 });

describe('doctor', () => {
  it('wants a Node that is new enough', () => {
    expect(findings.nodeFinding('v24.21.0').level).to.equal('ok');
    expect(findings.nodeFinding('v20.1.0').level).to.equal('error');
  });

  it('warns of a umask that keeps the group out', () => {
    expect(findings.umaskFinding(0o002).level).to.equal('ok');
    expect(findings.umaskFinding(0o022)).to.deep.include({
      level: 'warning',
      mend: 'echo umask 002 >> ~/.profile && umask 002',
    });
  });

  it('wants the home to be there and closed to the world', () => {
    expect(findings.homeFinding('/h', file(0o755)).level).to.equal('ok');
    expect(findings.homeFinding('/h', file(0o777)).mend).to.equal('chmod o-w /h');
    expect(findings.homeFinding('/h', null).mend).to.equal('rayserver --home /h');
    expect(findings.homeFinding('/h', 'closed').level).to.equal('error');
  });

  it('tells who may submit, and how to become one of them', () => {
    const group = (who: findings.Person, mode = 0o750) => findings.groupFinding('/h/run', file(mode), who, 'rayserver');
    expect(group(person({ groups: [100] })).says).to.equal('You are in the group rfusers, which may submit.');
    expect(group(person())).to.deep.include({
      level: 'error',
      says: 'You are not in the group rfusers, which alone may submit.',
    });
    expect(group(person()).mend).to.match(/^sudo usermod -aG rfusers /);
    expect(group(person({ uid: 500 })).level).to.equal('ok');
    expect(group(person({ uid: 0 })).level).to.equal('ok');
    expect(group(person(), 0o755).mend).to.equal('chmod o-rwx /h/run');
    expect(findings.groupFinding('/h/run', null, person(), 'rayserver')).to.include({
      level: 'warning',
      mend: 'rayserver',
    });
  });

  it('guards the token', () => {
    const token = (mode: number, isReadable = true) =>
      findings.tokenFinding('/h/token', file(mode), isReadable, 'rayserver', person());
    expect(token(0o640).level).to.equal('ok');
    expect(token(0o644).mend).to.equal('chmod o-rwx /h/token');
    expect(token(0o660).mend).to.equal('chmod g-w /h/token');
    expect(token(0o640, false).level).to.equal('warning');
    expect(token(0o640, false).mend).to.match(/^sudo usermod -aG rfusers /);
    expect(findings.tokenFinding('/h/token', null, false, 'rayserver', person()).mend).to.equal('rayserver');
  });

  it('tells who holds the port', () => {
    const levels = (['free', 'rayserver', 'stranger'] as const).map((state) => [
      findings.portFinding(9182, state, false, 'rayserver').level,
      findings.portFinding(9182, state, true, 'rayserver').level,
    ]);
    expect(levels).to.deep.equal([
      ['ok', 'error'],
      ['warning', 'ok'],
      ['error', 'error'],
    ]);
  });

  it('names another port where this one is taken', () => {
    expect(findings.portFinding(9182, 'stranger', false, 'rayserver').mend).to.equal('rayserver --port 9183');
    expect(findings.portFinding(65535, 'stranger', false, 'rayserver').mend).to.equal('rayserver --port 65534');
  });

  it('looks at locations where the server cannot', () => {
    const location = (facts: findings.FileFacts) => findings.locationFinding('proj', '/export/proj', facts);
    expect(location(file(0o2775))).to.deep.equal(findings.ok('location proj', '/export/proj.'));
    expect(location(null)).to.deep.include({ level: 'error', mend: 'sudo install -d -m 2775 /export/proj' });
    expect(location('closed')).to.deep.include({ level: 'error', mend: 'sudo chmod o+x /export' });
  });

  it('looks at a project where the server cannot', () => {
    expect(findings.directoryFinding('/p', file(0o2775)).level).to.equal('ok');
    expect(findings.directoryFinding('/p q', file(0o755)).mend).to.equal("chmod g+ws '/p q'");
    expect(findings.directoryFinding('/p', null).says).to.equal('No such project "/p".');
    expect(findings.directoryFinding('/p', 'no directory').level).to.equal('error');
    expect(findings.directoryFinding('/p', 'closed').level).to.equal('error');
  });
});
