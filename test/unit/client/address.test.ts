import { expect } from 'chai';
import fc from 'fast-check';
import { isLoopback, isPlainPath, parseAddress } from '../../../src/client/address.ts';
import { CalledWrongly } from '../../../src/client/errors.ts';

describe('the address of a server', () => {
  const cases: [string, object][] = [
    ['http://127.0.0.1:9182', { by: 'http', host: '127.0.0.1', port: 9182, loopback: true }],
    ['http://localhost', { by: 'http', host: 'localhost', port: 9182, loopback: true }],
    ['http://localhost:80/', { by: 'http', host: 'localhost', port: 80, loopback: true }],
    ['http://[::1]:4000', { by: 'http', host: '::1', port: 4000, loopback: true }],
    ['https://farm.example', { by: 'https', host: 'farm.example', port: 9182, loopback: false }],
    ['https://farm.example:443', { by: 'https', host: 'farm.example', port: 443, loopback: false }],
    ['unix:/var/lib/rayserver/run/submit.sock', { by: 'unix', socket: '/var/lib/rayserver/run/submit.sock' }],
    ['unix:///run/a%20b.sock', { by: 'unix', socket: '/run/a b.sock' }],
    ['ssh://farm', { by: 'ssh', user: null, host: 'farm', port: null, home: null }],
    ['ssh://farm/', { by: 'ssh', user: null, host: 'farm', port: null, home: null }],
    [
      'ssh://ann@farm.example:2222/srv/ray',
      { by: 'ssh', user: 'ann', host: 'farm.example', port: 2222, home: '/srv/ray' },
    ],
    ['ssh://ann@[fe80::1%eth0]:22', { by: 'ssh', user: 'ann', host: 'fe80::1%eth0', port: 22, home: null }],
    ['ssh://farm/srv/my%20home/', { by: 'ssh', user: null, host: 'farm', port: null, home: '/srv/my home' }],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${text}`, () => {
      expect(parseAddress(text)).to.deep.equal({ ...expected, text });
    });
  }

  const wrong = [
    '',
    'farm',
    'ftp://farm',
    'http://',
    'http://farm:99999',
    'http://user:secret@farm',
    'http://farm/some/path',
    'http://farm?x',
    'unix:relative.sock',
    'unix:',
    'unix:/a%00b',
    'unix:/a%zz',
    'ssh://',
    'ssh://-oProxyCommand=touch',
    'ssh://-lroot@farm',
    'ssh://@farm',
    'ssh://a b@farm',
    "ssh://ann'@farm",
    'ssh://farm:0',
    'ssh://farm:70000',
    'ssh://farm:x',
    "ssh://farm/srv/it's",
    'ssh://farm/srv/$(reboot)',
    'ssh://farm/srv/a:b',
    'ssh://farm/srv/%25h',
    'ssh://farm/srv/%0a',
    'ssh://farm/srv/`id`',
    'http://farm\n',
  ];
  for (const text of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseAddress(text)).to.throw(CalledWrongly, /^Not the address of a server: ".*Write http:/);
    });
  }

  it('gives ssh no word that it could take for an option, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (user, host, path) => {
        try {
          const address = parseAddress(`ssh://${user}@${host}/${path}`);
          if (address.by !== 'ssh') throw new Error('another scheme');
          expect(address.host).to.match(/^[A-Za-z0-9_:]/);
          expect(address.user).to.match(/^[A-Za-z0-9_]/);
          if (address.home !== null) expect(isPlainPath(address.home)).to.equal(true);
        } catch (error) {
          expect(error).to.be.instanceOf(CalledWrongly);
        }
      }),
    );
  });

  it('knows what never leaves this machine', () => {
    expect(['localhost', '127.0.0.1', '127.1.2.3', '::1'].every(isLoopback)).to.equal(true);
    expect(['127.0.0.1.example', 'localhost.example', '10.0.0.1', '::2', '0.0.0.0'].some(isLoopback)).to.equal(false);
  });
});
