import { expect } from 'chai';
import { bearsToken, unauthorized } from '../../../src/web/who.ts';

const token = 'a-token-of-this-server';

describe('the bearer token', () => {
  it('is known with any spelling of Bearer', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) expect(bearsToken(`${scheme} ${token}`, token)).to.equal(true);
  });

  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    token,
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}\n`,
    `Bearer, ${token}`,
    `Bearer ${token.toUpperCase()}`,
  ])
    it(`is not borne by ${JSON.stringify(header)}`, () => {
      expect(bearsToken(header, token)).to.equal(false);
    });

  it('is said to be missing or wrong, with the place where it is', () => {
    expect(unauthorized(false).message).to.match(/^This request needs the token .*config\/token/);
    expect(unauthorized(true).message).to.match(/^The token is not the one .*config\/token/);
    expect(unauthorized(true).headers).to.deep.equal({ 'WWW-Authenticate': 'Bearer realm="rayserver"' });
  });
});
