import { expect } from 'chai';
import { FileError, naming, refuseIfPassing, sentenceOf } from '../../../src/executor/file-error.ts';
import { Refusal } from '../../../src/model/refusal.ts';

const project = { location: 'proj', root: '/export', rest: 'room', path: '/export/room' };
const sentence = (code: string) => sentenceOf(new FileError('images/x.hdr', code, 'what the system says'), project);

describe('an error at a file of a project', () => {
  it('names the file as its user knows it', () => {
    const system = Object.assign(new Error("ENOENT: ..., open '/proc/self/fd/7/x.hdr'"), { code: 'ENOENT', errno: -2 });
    const thrown = () =>
      naming('images/x.hdr', () => {
        throw system;
      });
    expect(thrown).to.throw(FileError, 'images/x.hdr: no such file or directory');
  });

  it('leaves what is no error of the system as it is', () => {
    const refusal = new Refusal('malformed', 'No.');
    expect(() =>
      naming('x', () => {
        throw refusal;
      }),
    ).to.throw(refusal);
    expect(sentenceOf(refusal, project)).to.equal('No.');
    expect(sentenceOf(new TypeError('x is not a function'), project)).to.equal('Internal error: x is not a function.');
  });

  it('of which no file is known is told as the system tells it', () => {
    const system = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', errno: -5, syscall: 'fsync' });
    expect(sentenceOf(system, project)).to.equal('A file of /export/room could not be used: i/o error (fsync).');
  });

  it('that says nothing of the project refuses nothing for good', () => {
    const tooMany = Object.assign(new Error('EMFILE'), { code: 'EMFILE', errno: -24 });
    expect(() => refuseIfPassing('proc', tooMany, project))
      .to.throw(Refusal, 'proc: too many open files.')
      .with.property('code', 'not-ready');
    expect(() => refuseIfPassing('proc', new FileError('proc', 'EACCES', 'no'), project)).not.to.throw();
    expect(() => refuseIfPassing('proc', new TypeError('x'), project)).not.to.throw();
  });

  it('becomes a sentence', () => {
    expect(sentence('ENOSPC')).to.equal('No space left on the disk for images/x.hdr.');
    expect(sentence('EDQUOT')).to.equal('The disk quota is used up: images/x.hdr cannot be written.');
    expect(sentence('EROFS')).to.equal('Project not writable: /export/room/images/x.hdr');
    expect(sentence('EXDEV')).to.match(/^images\/x\.hdr is a link that leads out of the project/);
    expect(sentence('ENOENT')).to.equal('No such file in the project: images/x.hdr.');
    expect(sentence('EIO')).to.equal('images/x.hdr: what the system says.');
  });
});
