import { expect } from 'chai';
import {
  noServiceManager,
  takeGivenSockets,
  takeServiceManager,
  withServiceManager,
} from '../../../src/unix/service-manager.ts';

const ours = 77;

describe('what a service manager leaves in the environment', () => {
  it('is taken out of it', () => {
    const environment = {
      HOME: '/home/ray',
      NOTIFY_SOCKET: '/run/systemd/notify',
      WATCHDOG_USEC: '60000000',
      WATCHDOG_PID: '77',
      JOURNAL_STREAM: '8:1234',
    };
    expect(takeServiceManager(environment, ours)).to.deep.equal({
      notify: '/run/systemd/notify',
      watchdog: 60_000_000,
      journal: '8:1234',
    });
    expect(environment).to.deep.equal({ HOME: '/home/ray' });
  });

  it('is nothing where nobody left anything', () => {
    expect(takeServiceManager({ HOME: '/' }, ours)).to.deep.equal(noServiceManager);
    expect(takeServiceManager({ NOTIFY_SOCKET: '', WATCHDOG_USEC: '' }, ours)).to.deep.equal(noServiceManager);
  });

  it('may be an abstract name, and nothing that is no address', () => {
    expect(takeServiceManager({ NOTIFY_SOCKET: '@there' }, ours).notify).to.equal('@there');
    for (const name of ['there', '@', '/', 'vsock:2:1234']) {
      expect(takeServiceManager({ NOTIFY_SOCKET: name }, ours).notify, name).to.equal(null);
    }
  });

  it('watches this process, or any that has the words, but no other one', () => {
    expect(takeServiceManager({ WATCHDOG_USEC: '1000' }, ours).watchdog).to.equal(1000);
    const environment = { WATCHDOG_USEC: '1000', WATCHDOG_PID: '78' };
    expect(takeServiceManager(environment, ours).watchdog).to.equal(null);
    expect(environment).to.deep.equal({});
    for (const text of ['0', '-5', 'soon', '1.5', '99999999999999999999']) {
      expect(takeServiceManager({ WATCHDOG_USEC: text }, ours).watchdog, text).to.equal(null);
    }
  });

  it('goes on to the program that takes over the process', () => {
    const manager = { notify: '@there', watchdog: 5, journal: '8:9' };
    const environment: Record<string, string | undefined> = withServiceManager({ HOME: '/' }, manager);
    expect(takeServiceManager(environment, ours)).to.deep.equal(manager);
    expect(withServiceManager({ HOME: '/' }, noServiceManager)).to.deep.equal({ HOME: '/' });
  });
});

describe('sockets that a service manager has bound', () => {
  const listed = (given: Record<string, string>) => takeGivenSockets({ LISTEN_PID: '77', ...given }, ours);

  it('begin with descriptor 3 and have their names in the same order', () => {
    const environment = { LISTEN_PID: '77', LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:submit', HOME: '/' };
    expect(takeGivenSockets(environment, ours)).to.deep.equal([
      { name: 'http', fd: 3 },
      { name: 'submit', fd: 4 },
    ]);
    expect(environment).to.deep.equal({ HOME: '/' });
  });

  it('are unknown by name where there is none', () => {
    expect(listed({ LISTEN_FDS: '2', LISTEN_FDNAMES: 'http' })[1]).to.deep.equal({ name: 'unknown', fd: 4 });
    expect(listed({ LISTEN_FDS: '1' })).to.deep.equal([{ name: 'unknown', fd: 3 }]);
  });

  it('are none when they are meant for another process, or their number is none', () => {
    const environment = { LISTEN_PID: '78', LISTEN_FDS: '1' };
    expect(takeGivenSockets(environment, ours)).to.deep.equal([]);
    expect(environment).to.deep.equal({});
    expect(takeGivenSockets({ LISTEN_FDS: '1' }, ours)).to.deep.equal([]);
    for (const count of ['', '-1', 'two', '65', '1e1']) expect(listed({ LISTEN_FDS: count }), count).to.deep.equal([]);
  });
});
