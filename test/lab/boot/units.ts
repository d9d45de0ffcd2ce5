import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { waitUntil } from '../../support/wait-until.ts';
import * as guest from './guest.ts';
import type { systemd } from './names.ts';

/** What systemd can be asked for and told, and a check of what it does with the units. */

export type Check = (name: (typeof systemd)[number], deed: () => unknown) => Promise<void>;

export const check: Check = (name, deed) =>
  guest.check(name, deed, async (since) => {
    const told = guest.root('journalctl', '--boot', '--since', `@${since}`, '--output', 'short-precise', '--no-pager');
    await must('start', 'rayserver.target');
    await waitUntil('it to serve', guest.serves);
    await guest.cancelAll();
    return told;
  });

export const units = ['rayserver.service', 'rayserver-procwrap.service', 'rayserver.target', 'rayserver.socket'];

export const show = (unit: string, property: string) =>
  guest.root('systemctl', 'show', unit, '--property', property, '--value');
export const isActive = (unit: string) => show(unit, 'ActiveState') === 'active';
export const systemctl = async (...words: string[]): Promise<number | null> =>
  (await guest.attempt('systemctl', ...words)).status;

export async function must(...words: string[]): Promise<void> {
  // The checks start it more often than an administrator would.
  if (words[0]?.includes('start')) await systemctl('reset-failed');
  expect(await systemctl(...words), words.join(' ')).to.equal(0);
}

interface Entry {
  readonly text: string;
  readonly priority: number;
}

/** What the journal has of a unit since a moment, in seconds since 1970. */
export function journal(unit: string, since = 0): Entry[] {
  const words = ['--boot', '--unit', unit, '--since', `@${since}`, '--output', 'json', '--no-pager', '--quiet'];
  return guest
    .root('journalctl', ...words)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { MESSAGE: string; PRIORITY: string })
    .map((entry) => ({ text: entry.MESSAGE, priority: Number(entry.PRIORITY) }));
}

export const says = (unit: string, text: string | RegExp, since: number) =>
  waitUntil(`${text} in the journal`, () => journal(unit, since).find((entry) => entry.text.match(text)));

export const now = () => Date.now() / 1000;
export const warning = 4;
export const error = 3;

export const services = units.slice(0, 2);

/** A drop-in of each service for as long as the deed takes; the target is started anew before it. */
export async function withDropIns(texts: Readonly<Record<string, string>>, deed: () => Promise<void>): Promise<void> {
  const directories: string[] = [];
  for (const [unit, text] of Object.entries(texts)) {
    const directory = `/etc/systemd/system/${unit}.d`;
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/lab.conf`, text);
    directories.push(directory);
  }
  await must('daemon-reload');
  try {
    await must('restart', 'rayserver.target');
    await waitUntil('it to serve', guest.serves);
    await deed();
  } finally {
    for (const directory of directories) rmSync(directory, { recursive: true });
    await must('daemon-reload');
    await must('restart', 'rayserver.target');
    await waitUntil('it to serve', guest.serves);
  }
}

/** It is started again by itself, as another process. */
export async function comesBack(unit: string, before: number): Promise<void> {
  await waitUntil(`${unit} to come back`, () => {
    const pid = Number(show(unit, 'MainPID'));
    return isActive(unit) && pid !== 0 && pid !== before;
  });
  await waitUntil('it to serve', guest.serves);
}
