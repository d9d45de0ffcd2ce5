import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Refusal } from '../../../src/model/refusal.ts';
import { measured, resultHeaders, resultPath } from '../../../src/web/results.ts';

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing failed');
}

describe('a result of a job', () => {
  it('has a relative path', () => {
    for (const path of ['a.hdr', 'images/a b.hdr', 'images/ü/…', '.hidden', '...', 'a\\b'])
      expect(resultPath(path)).to.equal(path);
  });

  for (const path of ['', '/', '/etc/passwd', 'a//b', 'a/', '.', '..', '../a', 'a/../../b', 'a/./b', 'a\0b', 'a/..'])
    it(`is never at ${JSON.stringify(path)}`, () => {
      expect(() => resultPath(path))
        .to.throw(Refusal)
        .with.property('code', 'malformed');
    });

  it('has the type of its picture, and a name that breaks out of no header', () => {
    expect(resultHeaders('images/a.HDR', 'file', 7)).to.include({
      'Content-Type': 'image/vnd.radiance',
      'Content-Length': '7',
    });
    expect(resultHeaders('a.txt', 'file', null)).to.not.have.property('Content-Length');
    expect(resultHeaders('a.html', 'file', 1)['Content-Type']).to.equal('application/octet-stream');
    const png = resultHeaders('images/ü"\r\n.hdr', 'png', null);
    expect(png['Content-Type']).to.equal('image/png');
    expect(png['Content-Disposition']).to.equal(`inline; filename="____.png"; filename*=UTF-8''%C3%BC%22%0D%0A.png`);
  });

  it('arrives whole', async () => {
    expect(await text(await measured(Readable.from([Buffer.from('abc'), Buffer.from('de')]), 5))).to.equal('abcde');
    expect(await text(await measured(Readable.from([Buffer.from('abc')]), null))).to.equal('abc');
    expect(await text(await measured(Readable.from([]), 0))).to.equal('');
  });

  it('that was read from before is not waited for', async () => {
    const source = Readable.from([Buffer.from('abc')]);
    await new Promise((resolve) => source.once('readable', resolve));
    expect(await text(await measured(source, 3))).to.equal('abc');
  });

  it('fails when it is shorter or longer than announced', async () => {
    const short = measured(Readable.from([Buffer.from('abc')]), 5);
    expect((await errorOf(short.then(text))).message).to.contain('shrank');
    const long = measured(Readable.from([Buffer.from('abcdefg')]), 5);
    expect((await errorOf(long.then(text))).message).to.contain('grew');
  });

  it('that cannot be read fails before its first byte', async () => {
    const broken = new Readable({ read: () => broken.destroy(new Error('stale file handle')) });
    expect((await errorOf(measured(broken, 5))).message).to.equal('stale file handle');
    expect((await errorOf(measured(broken, 5))).message).to.equal('stale file handle');
    const closed = new Readable({ read: () => closed.destroy() });
    expect((await errorOf(measured(closed, 5))).message).to.contain('closed before');
  });
});
