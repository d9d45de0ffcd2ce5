import { expect } from 'chai';
import { FileError, naming, sentenceOf } from '../../../src/executor/file-error.ts';
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

  it('becomes a sentence', () => {
    expect(sentence('ENOSPC')).to.equal('No space left on the disk for images/x.hdr.');
    expect(sentence('EDQUOT')).to.equal('The disk quota is used up: images/x.hdr cannot be written.');
    expect(sentence('EROFS')).to.equal('Project not writable: /export/room/images/x.hdr');
    expect(sentence('EXDEV')).to.match(/^images\/x\.hdr is a link that leads out of the project/);
    expect(sentence('ENOENT')).to.equal('No such file in the project: images/x.hdr.');
    expect(sentence('EIO')).to.equal('images/x.hdr: what the system says.');
  });
});
