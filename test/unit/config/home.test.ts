import { expect } from 'chai';
import { ConfigError } from '../../../src/config/error.ts';
import { chooseHome, homeAt } from '../../../src/config/home.ts';

const ann = { option: null, env: { HOME: '/home/ann' }, uid: 1000 };

describe('the home', () => {
  it('is what --home names, before all else', () => {
    const env = { HOME: '/home/ann', RAYSERVER_HOME: '/srv/a', XDG_STATE_HOME: '/x' };
    expect(chooseHome({ option: '/srv/ray/', env, uid: 0 })).to.equal('/srv/ray');
  });
  it('may be named from the working directory', () => {
    expect(chooseHome({ ...ann, option: 'farm' })).to.equal(`${process.cwd()}/farm`);
  });
  it('is what RAYSERVER_HOME names, for root also', () => {
    expect(chooseHome({ option: null, env: { RAYSERVER_HOME: '/srv/a' }, uid: 0 })).to.equal('/srv/a');
  });
  it('is /var/lib/rayserver for root', () => {
    expect(chooseHome({ option: null, env: { HOME: '/root', XDG_STATE_HOME: '/x' }, uid: 0 })).to.equal(
      '/var/lib/rayserver',
    );
  });
  it('lies in XDG_STATE_HOME for users', () => {
    expect(chooseHome({ ...ann, env: { ...ann.env, XDG_STATE_HOME: '/data/ann' } })).to.equal('/data/ann/rayserver');
  });
  it('lies in ~/.local/state for users without XDG_STATE_HOME, or with an empty or relative one', () => {
    for (const XDG_STATE_HOME of [undefined, '', 'state']) {
      expect(chooseHome({ ...ann, env: { ...ann.env, XDG_STATE_HOME } })).to.equal('/home/ann/.local/state/rayserver');
    }
  });
  it('does not follow empty names', () => {
    expect(chooseHome({ option: '', env: { ...ann.env, RAYSERVER_HOME: '' }, uid: 1000 })).to.equal(
      '/home/ann/.local/state/rayserver',
    );
  });
  it('is refused where there is nothing to choose from', () => {
    for (const HOME of [undefined, '', 'ann']) {
      expect(() => chooseHome({ option: null, env: { HOME }, uid: 1000 })).to.throw(
        ConfigError,
        'No home: HOME is not set. Name a directory with --home.',
      );
    }
  });
  it('is refused when its sockets would have no room for their names', () => {
    const longest = `/${'x'.repeat(82)}`;
    expect(homeAt(longest).procwrapSocket).to.have.length(107);
    expect(chooseHome({ ...ann, option: longest })).to.equal(longest);
    expect(() => chooseHome({ ...ann, option: `${longest}x` })).to.throw(
      ConfigError,
      `The home "${longest}x" is too long for sockets: at most 83 bytes.`,
    );
  });
  it('holds everything in its place', () => {
    expect(homeAt('/h')).to.deep.equal({
      path: '/h',
      config: '/h/config',
      hostsFile: '/h/config/hosts',
      settingsFile: '/h/config/rayserver.yaml',
      tokenFile: '/h/config/token',
      logs: '/h/srvlogs',
      state: '/h/state',
      stateFile: '/h/state/rayserver.db',
      data: '/h/data',
      run: '/h/run',
      submitSocket: '/h/run/submit.sock',
      pidFile: '/h/run/rayserver.pid',
      inner: '/h/run/inner',
      procwrapSocket: '/h/run/inner/procwrap.sock',
      procwrapLock: '/h/run/inner/procwrap.lock',
    });
  });
});
