import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Metrics } from '../../../src/web/metrics.ts';
import { openPort } from '../../../src/web/port.ts';
import { listenOnSocket } from '../../../src/web/socket.ts';
import { MemoryFarm } from '../../support/memory-farm.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { boundSocket, openTestPort } from '../../support/web-port.ts';

async function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: Error) => error.message,
  );
}

describe('the Unix socket of the job port', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rayserver-socket-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const close = (server: ReturnType<typeof createServer>) => new Promise((resolve) => server.close(resolve));

  it('is for its user and group, and is gone when the port has closed', async () => {
    const port = await openTestPort();
    expect((statSync(port.socketPath).mode & 0o7777).toString(8)).to.equal('660');
    await port.door.close();
    expect(existsSync(port.socketPath)).to.equal(false);
    await port.close();
  });

  it('takes the place of one that a killed server left behind', async () => {
    const path = join(directory, 'submit.sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await new Promise((resolve) => spawn(process.execPath, ['-e', script]).once('exit', resolve));
    expect(statSync(path).isSocket()).to.equal(true);
    const server = createServer();
    await listenOnSocket(server, path);
    await new Promise((resolve) => connect(path).once('connect', resolve).destroySoon());
    server.closeAllConnections();
    await close(server);
  });

  it('leaves alone a socket that somebody answers on', async () => {
    const path = join(directory, 'submit.sock');
    const other = createNetServer().listen(path);
    await waitUntil('the other server', () => other.listening);
    expect(await errorOf(listenOnSocket(createServer(), path))).to.equal(
      `Another server answers on ${path}. Stop it first.`,
    );
    expect(statSync(path).isSocket()).to.equal(true);
    await new Promise((resolve) => other.close(resolve));
  });

  for (const [what, make] of [
    ['a file', (path: string) => writeFileSync(path, 'precious')],
    ['a directory', (path: string) => mkdirSync(path)],
    ['a link', (path: string) => symlinkSync('/nowhere', path)],
  ] as const)
    it(`leaves ${what} in its place alone`, async () => {
      const path = join(directory, 'submit.sock');
      make(path);
      expect(await errorOf(listenOnSocket(createServer(), path))).to.equal(
        `${path} is in the way and is not a socket. Move it away.`,
      );
      if (what === 'a file') expect(readFileSync(path, 'utf8')).to.equal('precious');
    });

  it('may lie in a home whose path is long', async () => {
    const deep = join(directory, 'a'.repeat(100), 'b'.repeat(100));
    mkdirSync(deep, { recursive: true });
    const path = join(deep, 'submit.sock');
    const server = createServer();
    await listenOnSocket(server, path);
    expect(statSync(path).isSocket()).to.equal(true);
    expect((statSync(path).mode & 0o777).toString(8)).to.equal('660');
    await close(server);
    expect(existsSync(path)).to.equal(false);
  });

  it('is not left behind when the TCP socket cannot be listened on', async () => {
    const socketPath = join(directory, 'submit.sock');
    const options = {
      farm: new MemoryFarm(),
      version: '1',
      port: 1,
      socket: { path: socketPath },
      identify: () => null,
      openFiles: 20_000,
      metrics: new Metrics(),
      logFile: '/home/srvlogs/sun',
      log: () => undefined,
    };
    const token = 'x'.repeat(16);
    expect(await errorOf(openPort({ ...options, token, tcp: { fd: 9999 } }))).to.match(/EBADF|EINVAL/);
    expect(existsSync(socketPath)).to.equal(false);
    expect(await errorOf(openPort({ ...options, token: '', tcp: { fd: 9999 } }))).to.contain(
      'shorter than 16 characters',
    );
    expect(
      await errorOf(openPort({ ...options, token, tcp: boundSocket(), socket: { path: join(directory, 'no/dir/s') } })),
    ).to.match(/ENOENT|EACCES/);
    expect(existsSync(dirname(socketPath))).to.equal(true);
  });
});
