import { chmodSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { defaults, home, projects, root } from './guest.ts';

/** Before the first boot: the program as an administrator would have it, a colleague, and directories for projects. */

const clone = '/rayserver';

/** Lays the program out by hand. */
export function layOut(): void {
  root('groupadd', '--system', 'rfusers');
  root('useradd', '--system', '--gid', 'rfusers', '--home-dir', home, '--shell', '/usr/sbin/nologin', 'rayserver');
  symlinkSync(clone, '/usr/lib/rayserver');
  for (const name of ['rayserver', 'rayctl']) symlinkSync(`../lib/rayserver/bin/${name}`, `/usr/bin/${name}`);
  cpSync(`${clone}/init.d/rayserver`, '/etc/init.d/rayserver');
  writeFileSync(defaults, 'RAYSERVER_USER=rayserver\nRAYSERVER_GROUP=rfusers\nRAYSERVER_OPTIONS=\n');
  chmodSync('/etc/init.d/rayserver', 0o755);
  if (existsSync('/usr/sbin/update-rc.d')) root('update-rc.d', 'rayserver', 'defaults');
}

export function prepare(): void {
  root('useradd', '--create-home', '--groups', 'rfusers', 'anna');
  mkdirSync(projects, { recursive: true });
  mkdirSync(`${home}/config`, { recursive: true });
  writeFileSync(`${home}/config/rayserver.yaml`, `radiance: ${clone}/.radiance\nslots: 2\n`);
  root('chown', '-R', 'rayserver:rfusers', home);
}
