import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { keepAcrossExec } from '../../../src/unix/descriptors.ts';
import { peerCredentials, socketDescriptor } from '../../../src/unix/native.ts';

const native = pathToFileURL(join(import.meta.dirname, '../../../src/unix/native.js')).href;

function inProcess(program: string, options: readonly string[] = []): string {
  const source = `import * as native from '${native}'; import { readFileSync } from 'node:fs'; ${program}`;
  return execFileSync(process.execPath, [...options, '--input-type=module', '-e', source], { encoding: 'utf8' }).trim();
}

describe('what only the C library can do', () => {
  it('forbids new privileges to this process and its children', () => {
    const program = `import { execFileSync } from 'node:child_process'; native.forbidNewPrivileges();
      console.log(execFileSync('grep', ['NoNewPrivs', '/proc/self/status'], { encoding: 'utf8' }));`;
    expect(inProcess(program)).to.match(/^NoNewPrivs:\s+1$/);
  });

  it('closes its own entries in /proc to others', () => {
    const program = `import { lstatSync } from 'node:fs'; native.makeUndumpable();
      console.log(lstatSync('/proc/self/environ').uid, process.getuid());`;
    expect(inProcess(program).split(' ')[0]).to.equal('0');
  });

  it('lets a signal through that was blocked', () => {
    const program = `const blocked = () => /SigBlk:\\t(.*)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
      const before = blocked(); process.on('SIGUSR1', () => { console.log(before, blocked(), 'heard'); process.exit(); });
      process.kill(process.pid, 'SIGUSR1'); native.unblockSignals(); setTimeout(() => {}, 5000);`;
    expect(inProcess(program, ['--disable-sigusr1'])).to.equal('0000000000000200 0000000000000000 heard');
  });

  it('keeps a descriptor open across an exec', () => {
    const fd = openSync('/etc/passwd', 'r');
    try {
      const show = () =>
        spawnSync('/bin/sh', ['-c', `test -e /proc/self/fd/${fd} && echo open || echo closed`]).stdout.toString();
      expect(show()).to.equal('closed\n');
      keepAcrossExec(fd);
      expect(show()).to.equal('open\n');
      expect(() => keepAcrossExec(99_999)).to.throw('EBADF');
    } finally {
      closeSync(fd);
    }
  });

  it('names the process and the user at the other end of a socket', async () => {
    const base = mkdtempSync(join(tmpdir(), 'native-'));
    const server = createServer().listen(join(base, 's'));
    await once(server, 'listening');
    const client = connect(join(base, 's'));
    const [socket] = (await once(server, 'connection')) as [Socket];
    expect(socketDescriptor(server)).to.be.above(2);
    expect(peerCredentials(socketDescriptor(socket))).to.deep.equal({
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
    client.destroy();
    socket.destroy();
    server.close();
    expect(() => socketDescriptor(socket)).to.throw('no descriptor');
    rmSync(base, { recursive: true });
  });
});
