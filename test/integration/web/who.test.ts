import { spawn } from 'node:child_process';
import { chmodSync, chownSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { peerCredentials, socketDescriptor } from '../../../src/unix/native.ts';
import { skip } from '../../support/skip.ts';
import { type Opened, openTestPort, token } from '../../support/web-port.ts';

const nobody = 65534;
const askAsJson = `
  const { request } = require('node:http');
  const answer = (response) => { response.setEncoding('utf8'); let all = ''; response.on('data', (t) => { all += t; }); response.on('end', () => console.log(all)); };
  request({ socketPath: process.argv[1], path: '/api/v1/server', headers: { Host: 'rayserver' } }, answer).end();
`;

describe('who asks', () => {
  let port: Opened;
  afterEach(() => port.close());

  it('over TCP is whoever bears the token', async () => {
    port = await openTestPort();
    const ask = (Authorization?: string) =>
      port.ask('/api/v1/server', { anonymous: true, headers: Authorization ? { Authorization } : {} });
    expect((await ask(`Bearer ${token}`)).status).to.equal(200);
    for (const header of [undefined, 'Bearer wrong', `Basic ${token}`, `Bearer ${token}0`, token]) {
      const answered = await ask(header);
      expect([answered.status, answered.json.error.code], header).to.deep.equal([401, 'unauthorized']);
      expect(answered.headers['www-authenticate']).to.match(/^Bearer/);
      expect(answered.json.error.message).to.contain('config/token');
    }
  });

  it('needs the token for every path, there or not, but /healthz', async () => {
    port = await openTestPort();
    port.farm.add();
    for (const [method, path] of [
      ['POST', '/api/v1/jobs'],
      ['GET', '/api/v1/jobs/1'],
      ['GET', '/api/v1/jobs/1/events'],
      ['GET', '/api/v1/jobs/1/results/a'],
      ['POST', '/api/v1/jobs/1/cancel'],
      ['GET', '/openapi.json'],
      ['GET', '/nowhere'],
      ['GET', '/healthz/'],
      ['GET', '/healthz%2f'],
      ['DELETE', '/healthz'],
      ['GET', '/api/v1/jobs/%zz'],
    ] as const)
      expect((await port.ask(path, { method, anonymous: true })).status, `${method} ${path}`).to.equal(401);
    expect(port.farm.callers).to.deep.equal([]);
  });

  it('on the Unix socket is nobody when the kernel does not say', async () => {
    port = await openTestPort({ identify: () => null });
    const answered = await port.ask('/api/v1/server', { local: true, headers: { Authorization: `Bearer ${token}` } });
    expect([answered.status, answered.json.error.code]).to.deep.equal([401, 'unauthorized']);
    expect((await port.ask('/healthz', { local: true })).status).to.equal(200);
  });

  it('on the Unix socket is nobody when asking the kernel fails, and the log says why', async () => {
    port = await openTestPort({
      identify: () => {
        throw new Error('getsockopt: EBADF');
      },
    });
    expect((await port.ask('/api/v1/server', { local: true })).status).to.equal(401);
    expect(port.lines.join('\n')).to.contain('warn socket - nobody known at the other end: getsockopt: EBADF');
  });

  it('on the Unix socket is the user of the other process, whatever it claims', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can start a process as another user');
    const identify = (socket: Parameters<typeof socketDescriptor>[0]) => {
      const { uid } = peerCredentials(socketDescriptor(socket));
      return { user: uid === nobody ? 'nobody' : `uid ${uid}`, uid };
    };
    port = await openTestPort({ identify: identify as (socket: unknown) => { user: string; uid: number } });
    chmodSync(dirname(port.socketPath), 0o755);
    chownSync(port.socketPath, 0, nobody);
    const child = spawn(process.execPath, ['-e', askAsJson, port.socketPath], {
      uid: nobody,
      gid: nobody,
      cwd: '/',
      env: { USER: 'root', LOGNAME: 'root' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(JSON.parse(await text(child.stdout)).you).to.equal('nobody');
    expect((await port.ask('/api/v1/server', { local: true })).json.you).to.equal('uid 0');
  });
});
