import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { NotAllowed, ServerUnreachable } from '../../../src/client/errors.ts';
import { RayserverClient } from '../../../src/client/rayserver-client.ts';
import { processesWith } from '../../support/lab.ts';
import { MemoryHome } from '../../support/memory-home.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { skip } from '../../support/skip.ts';
import { ownName, Sshd, sshMissing } from '../../support/sshd.ts';
import { waitUntil } from '../../support/wait-until.ts';

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('nothing failed');
    },
    (error: Error) => error,
  );
}

const tunnels = () => readdirSync(tmpdir()).filter((name) => name.startsWith('rayctl-'));
const sshOf = (port: number) => processesWith((words) => words[0] === 'ssh' && words.includes(String(port)));

describe('a server on another machine, over ssh', () => {
  let sshd: Sshd;
  let home: MemoryHome;
  let client: RayserverClient;
  /** A directory for temporary files where nobody else makes any. */
  let own: ReturnType<typeof temporaryDirectory>;
  const usual = process.env['TMPDIR'];
  const connect = (path = home.home.path, user = ownName(), command = sshd.command) => {
    client = new RayserverClient({ server: `ssh://${user}@127.0.0.1:${sshd.port}${path}`, ssh: command });
    return client;
  };

  before(async function () {
    const missing = sshMissing();
    if (missing) skip(this, missing);
    own = temporaryDirectory('tunnel-');
    process.env['TMPDIR'] = own.path;
    sshd = await Sshd.start();
  });
  after(async () => {
    await sshd?.stop();
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
    own?.remove();
  });
  beforeEach(async () => {
    home = await MemoryHome.open();
  });
  afterEach(async () => {
    await client?.close();
    await home?.remove();
  });

  it('is asked through one tunnel, which ends with the client', async () => {
    connect();
    expect((await client.server()).you).to.equal('ann');
    const job = await client.submit({ kind: 'radiance', project: { path: '/projects/room' }, rif: 'room.rif' });
    home.farm.change(job.id, { state: 'done', finishedAt: '2026-11-22T10:31:00.000Z' });
    for await (const { state } of client.wait(job.id)) expect(state).to.equal('done');
    expect(sshOf(sshd.port)).to.have.length(1);
    expect(tunnels()).to.have.length(1);
    await client.close();
    expect(sshOf(sshd.port)).to.deep.equal([]);
    expect(tunnels()).to.deep.equal([]);
  });

  it('keeps its socket to the user', async () => {
    await connect().server();
    const [name = ''] = tunnels();
    const mode = execFileSync('stat', ['-c', '%a', join(tmpdir(), name)], { encoding: 'utf8' });
    expect(mode.trim()).to.equal('700');
  });

  it('is reached again when the tunnel broke', async () => {
    connect();
    await client.server();
    for (const pid of sshOf(sshd.port)) process.kill(pid, 'SIGKILL');
    await waitUntil('the end of ssh', () => sshOf(sshd.port).length === 0);
    const again = await client.server().catch(() => client.server());
    expect(again.host).to.equal('here');
  });

  it('says when no server runs there', async () => {
    const error = await failure(connect(join(home.directory, 'elsewhere')).server());
    expect(error).to.be.instanceOf(ServerUnreachable);
    expect(error.message).to.equal(`No server runs on 127.0.0.1 (looked in ${home.directory}/elsewhere).`);
    expect(tunnels()).to.deep.equal([]);
  });

  it('says when the server has gone and left its socket', async () => {
    connect();
    await client.server();
    execFileSync('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind('${home.directory}/dead')`]);
    await home.stop();
    execFileSync('mv', [`${home.directory}/dead`, home.home.submitSocket]);
    const error = await failure(client.server());
    expect(error).to.be.instanceOf(ServerUnreachable);
    expect(error.message).to.match(
      /^ssh reaches 127\.0\.0\.1, but not the server there: it does not run, .*: channel \d+: open failed/,
    );
  });

  it('says what ssh says when it does not let us in', async () => {
    const error = await failure(
      connect(
        undefined,
        undefined,
        `${sshd.command} -i /dev/null -o IdentityFile=/dev/null -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null`,
      ).server(),
    );
    expect(error).to.be.instanceOf(ServerUnreachable);
    expect(error.message).to.match(/^Cannot reach 127\.0\.0\.1 with ssh: .*Permission denied \(publickey\)/);
  });

  it('says when there is no such ssh command', async () => {
    const error = await failure(connect(undefined, undefined, '/nonexistent/ssh -v').server());
    expect(error.message).to.equal(
      'Cannot reach 127.0.0.1 with ssh: /nonexistent/ssh: no such program. Install openssh-client.',
    );
    expect(tunnels()).to.deep.equal([]);
  });

  it('says when nothing listens there', async () => {
    const port = sshd.port;
    client = new RayserverClient({ server: 'ssh://127.0.0.1:1', ssh: sshd.command });
    const error = await failure(client.server());
    expect(error.message).to.match(/^Cannot reach 127\.0\.0\.1 with ssh: .*Connection refused/);
    expect(sshOf(port)).to.deep.equal([]);
  });

  it('finds the home that the other side names', async () => {
    const other = await Sshd.start(undefined, [`SetEnv RAYSERVER_HOME=${home.home.path}`]);
    try {
      client = new RayserverClient({ server: `ssh://${ownName()}@127.0.0.1:${other.port}`, ssh: other.command });
      expect((await client.server()).you).to.equal('ann');
    } finally {
      await client.close();
      await other.stop();
    }
  });

  it('says when sshd forbids it', async () => {
    const other = await Sshd.start(undefined, ['AllowStreamLocalForwarding no']);
    try {
      client = new RayserverClient({
        server: `ssh://${ownName()}@127.0.0.1:${other.port}${home.home.path}`,
        ssh: other.command,
      });
      const error = await failure(client.server());
      expect(error).to.be.instanceOf(ServerUnreachable);
      expect(error.message).to.match(
        /sshd does not permit forwarding \(AllowStreamLocalForwarding\): channel \d+: open failed/,
      );
    } finally {
      await client.close();
      await other.stop();
    }
  });

  describe('as an ordinary user', () => {
    const name = 'rayctl-ssh-test';
    let isMade = false;

    before(function () {
      if (process.getuid?.() !== 0) skip(this, 'only root can make a user to log in as');
      spawnSync('userdel', ['--remove', '--force', name]);
      execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', name]);
      // Without a password the account counts as locked.
      execFileSync('usermod', ['-p', '*', name]);
      isMade = true;
    });
    after(() => {
      if (isMade) execFileSync('userdel', ['--remove', '--force', name], { stdio: 'ignore' });
    });

    const openToAll = () => {
      for (const path of [home.directory, home.home.path]) chmodSync(path, 0o755);
    };

    it('is admitted by the group of its socket', async () => {
      openToAll();
      execFileSync('chgrp', [name, home.home.run, home.home.submitSocket]);
      expect((await connect(undefined, name).server()).you).to.equal('ann');
    });

    it('is told that it is not in the group', async () => {
      openToAll();
      const error = await failure(connect(undefined, name).server());
      expect(error).to.be.instanceOf(NotAllowed);
      expect(error.message).to.equal(
        `The server in ${home.home.path} on 127.0.0.1 is closed to you: you are not in its group there.`,
      );
    });

    it('is asked by an own server first, without any home named', async () => {
      const error = await failure(connect('', name).server());
      expect(error.message).to.match(
        /looked in \/home\/rayctl-ssh-test\/\.local\/state\/rayserver and \/var\/lib\/rayserver\)/,
      );
    });
  });
});
