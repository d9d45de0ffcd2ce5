import { expect } from 'chai';
import { parseAddress, type ServerAddress } from '../../../src/client/address.ts';
import { NotAllowed, ServerUnreachable } from '../../../src/client/errors.ts';
import { lookCommand, readLook, sshError, tunnelCommand } from '../../../src/client/ssh.ts';

function ssh(text: string): Extract<ServerAddress, { by: 'ssh' }> {
  const address = parseAddress(text);
  if (address.by !== 'ssh') throw new Error(text);
  return address;
}

describe('the ssh command', () => {
  it('asks where the socket is, with one constant script and the home as a word of its own', () => {
    const words = lookCommand(ssh('ssh://ann@farm:2222/srv/ray'), 'ssh', false);
    expect(words.slice(0, 3)).to.deep.equal(['ssh', '-o', 'BatchMode=yes']);
    expect(words.join(' ')).to.include('-l ann -p 2222 -T -- farm');
    const script = words.at(-1) ?? '';
    expect(script).to.match(/^exec sh -c '[^'\n!]*' sh '\/srv\/ray'$/);
    const other = lookCommand(ssh('ssh://farm'), 'ssh', false).at(-1);
    expect(other).to.equal(script.replace("'/srv/ray'", "''"));
  });

  it('lays the tunnel and does nothing else', () => {
    const words = tunnelCommand(ssh('ssh://farm'), {
      command: 'ssh -F "my config"',
      interactive: true,
      near: '/t/s',
      far: '/h/s',
    });
    expect(words.slice(0, 5)).to.deep.equal(['ssh', '-F', 'my config', '-o', 'BatchMode=no']);
    const tail = '-nNT -o ExitOnForwardFailure=yes -o StreamLocalBindUnlink=yes -L /t/s:/h/s -- farm';
    expect(words.join(' ').endsWith(tail)).to.equal(true);
  });

  const farm = ssh('ssh://farm');

  it('finds the socket behind what login scripts say', () => {
    expect(readLook(farm, 'Welcome!\nrayserver-socket:/h/run/submit.sock\n')).to.equal('/h/run/submit.sock');
    expect(readLook(farm, 'rayserver-socket:/h/run/submit.sock\r\nbye\r\n')).to.equal('/h/run/submit.sock');
  });

  it('tells that no server runs, and where it looked', () => {
    const look = () => readLook(farm, 'rayserver-none:/home/ann/.local/state/rayserver /var/lib/rayserver\n');
    expect(look).to.throw(
      ServerUnreachable,
      'No server runs on farm (looked in /home/ann/.local/state/rayserver and /var/lib/rayserver).',
    );
  });

  it('tells that the server is closed to us', () => {
    expect(() => readLook(farm, 'rayserver-closed:/var/lib/rayserver\n')).to.throw(
      NotAllowed,
      /you are not in its group there/,
    );
  });

  for (const path of ['relative/s', '/h/$HOME/s', '/h/%h/s', '/h/a:b/s', "/h/it's/s"]) {
    it(`forwards no socket at ${path}`, () => {
      expect(() => readLook(farm, `rayserver-socket:${path}\n`)).to.throw(ServerUnreachable, /cannot forward/);
    });
  }

  it('tells that nobody answered', () => {
    expect(() => readLook(farm, 'This account is currently not available.\n')).to.throw(
      ServerUnreachable,
      /no answer from sh/,
    );
  });

  it('says what ssh said last', () => {
    const words =
      "Warning: Permanently added 'farm' (ED25519) to the list of known hosts.\r\nann@farm: Permission denied (publickey).\r\n";
    expect(sshError(farm, words).message).to.equal(
      'Cannot reach farm with ssh: ann@farm: Permission denied (publickey).',
    );
    expect(sshError(farm, '').message).to.equal('Cannot reach farm with ssh: ssh ended without a word');
    const failed = sshError(farm, 'channel 2: open failed: connect failed: open failed\r\n');
    expect(failed.message).to.match(/^ssh reaches farm, but not the server there: .*: channel 2: open failed/);
  });
});
