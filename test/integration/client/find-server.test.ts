import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CalledWrongly } from '../../../src/client/errors.ts';
import { findServer } from '../../../src/client/find-server.ts';

describe('where rayctl looks for its server', () => {
  let directory: string;
  let env: Record<string, string>;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'find-server-'));
    env = { HOME: directory };
    mkdirSync(join(directory, 'home/config'), { recursive: true });
    writeFileSync(join(directory, 'home/config/token'), 'home-secret\n');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const uid = 1001;

  it('the option comes first, then RAYSERVER', () => {
    env['RAYSERVER'] = 'ssh://farm';
    expect(findServer({ env, uid, server: 'unix:/a' }).server).to.equal('unix:/a');
    expect(findServer({ env, uid }).server).to.equal('ssh://farm');
  });

  it('then the home that is named', () => {
    const named = findServer({ env: { ...env, RAYSERVER_HOME: '/srv/other' }, uid, home: join(directory, 'my home') });
    expect(named.server).to.equal(`unix:${directory}/my%20home/run/submit.sock`);
    expect(findServer({ env: { ...env, RAYSERVER_HOME: '/srv/other' }, uid }).server).to.equal(
      'unix:/srv/other/run/submit.sock',
    );
  });

  it("then the caller's own home, with a socket or without any", () => {
    const own = join(directory, '.local/state/rayserver/run');
    const without = findServer({ env, uid }).server;
    expect(without).to.be.oneOf([`unix:${own}/submit.sock`, 'unix:/var/lib/rayserver/run/submit.sock']);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'submit.sock'), '');
    expect(findServer({ env, uid }).server).to.equal(`unix:${own}/submit.sock`);
    expect(findServer({ env: { XDG_STATE_HOME: directory }, uid }).server).to.equal(
      `unix:${directory}/rayserver/run/submit.sock`,
    );
  });

  it('there has to be a home where no server is named', () => {
    expect(() => findServer({ env: {}, uid })).to.throw(CalledWrongly, 'HOME is not set');
    expect(findServer({ env: {}, uid, server: 'ssh://farm' }).home).to.equal(null);
  });

  it('the token is that of the option, of RAYSERVER_TOKEN, or of the home', () => {
    const file = join(directory, 'token');
    writeFileSync(file, '  other-secret \n');
    const home = join(directory, 'home');
    const at = { uid, server: 'http://127.0.0.1:9182', home };
    expect(findServer({ ...at, env: { ...env, RAYSERVER_TOKEN: 'env-secret' }, tokenFile: file }).token).to.equal(
      'other-secret',
    );
    expect(findServer({ ...at, env: { ...env, RAYSERVER_TOKEN: 'env-secret' } }).token).to.equal('env-secret');
    expect(findServer({ ...at, env }).token).to.equal('home-secret');
    expect(findServer({ ...at, env, home: directory }).token).to.equal(null);
  });

  it("the home's token goes to this machine only, and through no socket", () => {
    const home = join(directory, 'home');
    for (const server of ['https://farm.example', 'http://farm.example', 'unix:/a', 'ssh://farm']) {
      expect(findServer({ env, uid, home, server }).token).to.equal(null);
    }
  });

  it('a token file that is none is named', () => {
    const at = { env, uid, server: 'http://localhost' };
    const file = join(directory, 'token');
    expect(() => findServer({ ...at, tokenFile: file })).to.throw(
      CalledWrongly,
      `The token: ${file}: cannot be read: no such file.`,
    );
    writeFileSync(file, 'two words\n');
    expect(() => findServer({ ...at, tokenFile: file })).to.throw(CalledWrongly, `${file} holds no token`);
    writeFileSync(file, '\n');
    expect(() => findServer({ ...at, tokenFile: file })).to.throw(CalledWrongly, `${file} holds no token`);
  });
});
