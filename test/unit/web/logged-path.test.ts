import { expect } from 'chai';
import { loggedPath } from '../../../src/web/logged-path.ts';

describe('what the log tells of a request', () => {
  for (const [target, told] of [
    ['/api/v1/jobs/7', '/api/v1/jobs/7'],
    ['/api/v1/jobs?token=geheim', '/api/v1/jobs'],
    ['/api/v1/jobs#access_token=geheim', '/api/v1/jobs'],
    ['/a?b/c#d', '/a'],
    ['http://anna:geheim@localhost:9182/healthz?token=geheim', '/healthz'],
    ['HTTP://geheim', '-'],
    ['http://anna:geheim@localhost?token=geheim', '-'],
    ['anna:geheim@localhost:443', '-'],
    ['?token=geheim', '-'],
    ['*', '*'],
    ['', '-'],
  ] as const) {
    it(`is "${told}" of "${target}"`, () => {
      expect(loggedPath(target)).to.equal(told);
    });
  }

  it('is bounded', () => {
    expect(loggedPath(`/${'a'.repeat(5000)}`)).to.have.length(300);
  });
});
