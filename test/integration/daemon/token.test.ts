import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Home, homeAt } from '../../../src/config/home.ts';
import { farmToken } from '../../../src/daemon/token.ts';
import { temporaryDirectory } from '../../support/program.ts';

describe('the farm’s token', () => {
  let place: { path: string; remove: () => void };
  let home: Home;
  beforeEach(() => {
    place = temporaryDirectory();
    home = homeAt(place.path);
    mkdirSync(home.config);
  });
  afterEach(() => place.remove());

  it('is made once: 32 random bytes, for the user and the group', () => {
    const mask = process.umask(0o077);
    const token = farmToken(home);
    process.umask(mask);
    expect(Buffer.from(token, 'base64url')).to.have.lengthOf(32);
    expect(statSync(home.tokenFile).mode & 0o777).to.equal(0o640);
    expect(readFileSync(home.tokenFile, 'utf8')).to.equal(`${token}\n`);
    expect(farmToken(home)).to.equal(token);
    expect(readdirSync(home.config)).to.deep.equal(['token']);
  });

  it('may be the administrator’s own', () => {
    const own = 'own-token_of-the-administrator-0123456789';
    writeFileSync(home.tokenFile, `  ${own}\n\n`);
    expect(farmToken(home)).to.equal(own);
  });

  it('is not read through a link', () => {
    writeFileSync(`${place.path}/elsewhere`, 'own-token_of-the-administrator-0123456789\n');
    symlinkSync(`${place.path}/elsewhere`, home.tokenFile);
    expect(() => farmToken(home)).to.throw(`Cannot use the token ${home.tokenFile}: it is a symbolic link.`);
  });

  for (const text of ['', 'short\n', 'with blanks with blanks with blanks with blanks\n']) {
    it(`is refused when the file holds ${JSON.stringify(text)}, and the file is left alone`, () => {
      writeFileSync(home.tokenFile, text);
      expect(() => farmToken(home)).to.throw(`${home.tokenFile}:1: expected a token`);
      expect(readFileSync(home.tokenFile, 'utf8')).to.equal(text);
    });
  }
});
