import { expect } from 'chai';
import { environmentOf } from '../../../src/unix/environment.ts';

const ray = { uid: 500, gid: 100, user: 'ray', group: 'rfusers', home: '/home/ray', shell: '/bin/bash' };

describe('the environment of a user who was switched to', () => {
  it('is that of a login', () => {
    expect(environmentOf(ray, {})).to.deep.equal({
      HOME: '/home/ray',
      USER: 'ray',
      LOGNAME: 'ray',
      SHELL: '/bin/bash',
      PATH: '/usr/local/bin:/usr/bin:/bin',
    });
  });

  it('keeps language, terminal, time zone and our own variables', () => {
    const kept = { TERM: 'xterm', LANG: 'C.UTF-8', LC_ALL: 'C', TZ: 'UTC', RAYSERVER_HOME: '/srv/ray' };
    expect(environmentOf(ray, kept)).to.include(kept);
  });

  it('drops what the caller had', () => {
    const callers = {
      HOME: '/root',
      PATH: '/root/bin',
      NODE_OPTIONS: '--require=/root/x.js',
      LD_PRELOAD: '/root/x.so',
      SSH_AUTH_SOCK: '/tmp/agent',
      LANGUAGE: 'de',
      MY_TERM: 'x',
      XDG_STATE_HOME: '/root/.local/state',
    };
    expect(Object.keys(environmentOf(ray, callers)).sort()).to.deep.equal(['HOME', 'LOGNAME', 'PATH', 'SHELL', 'USER']);
    expect(environmentOf(ray, callers)).to.include({ HOME: '/home/ray', PATH: '/usr/local/bin:/usr/bin:/bin' });
  });
});
