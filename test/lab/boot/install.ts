import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { home, projects, root } from './guest.ts';

/** The program as an administrator has it: from its package. */

export const packages = '/rayserver/build/lab';
export const packageOf = (revision: number): string =>
  root('sh', '-c', `echo ${packages}/rayserver_*-${revision}_amd64.deb`);

/** Before the first boot: nothing is started yet, as in a chroot. */
export function install(): void {
  const policy = '/usr/sbin/policy-rc.d';
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  root('dpkg', '--install', packageOf(1));
  rmSync(policy);
}

/** A colleague, a place for projects, and settings. */
export function settle(): void {
  root('useradd', '--create-home', '--groups', 'rfusers', 'anna');
  mkdirSync(projects, { recursive: true });
  mkdirSync(`${home}/config`, { recursive: true });
  writeFileSync(`${home}/config/rayserver.yaml`, 'radiance: /rayserver/.radiance\nslots: 6\n');
  root('chown', '-R', 'rayserver:rfusers', home);
}
