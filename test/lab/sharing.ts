import { join } from 'node:path';
import { expect } from 'chai';
import { asRay, flag, flagged, host, startAsRay, together, until } from './machine.ts';

/** Real rpict on both hosts, through the gate (render.ts) and without it. */
const render = join(import.meta.dirname, 'render.js');
export const look = join(import.meta.dirname, 'look.js');
export const node = process.execPath;

const making = `
  umask 002 && mkdir -p "$1/ambfiles" && cd /rayserver/test/fixtures/room && PATH=/rayserver/.radiance/bin:$PATH &&
  oconv -f materials.rad room.rad >"$1/room.oct"`;

/** A room with its octree, on both hosts. */
export async function makeProject(name: string): Promise<string> {
  const project = `/mnt/room-${name}`;
  if (host === 'c1') {
    expect(await asRay('sh', ['-ec', making, 'sh', project])).to.deep.equal({ status: 0, text: '' });
  }
  await together(`${project} is there`.slice(5));
  return project;
}

/** Four pictures on each host, two at a time, of which one is killed. */
export async function sharing(project: string): Promise<void> {
  const { status, text } = await asRay(node, [render, 'share', project, '2']);
  if (status !== 0) throw new Error(text);
  const { ends, problems } = JSON.parse(text.trim().split('\n').at(-1) ?? '') as Shared;
  console.log(`# ${ends.map((one) => `${one.status} ${one.bytes}`).join(', ')}`);
  await together(`shared ${project.slice(5)}`);
  if (problems.length > 0) throw new Error(problems.join(' | '));
  expect(ends.map((one) => one.damage).filter((damage) => damage !== null)).to.deep.equal([]);
  // One that was to be killed may have been done when it was its turn.
  expect(ends.filter((one) => one.status !== (one.killed ? null : 0) && one.status !== 0)).to.deep.equal([]);
  expect(await checked(project)).to.be.greaterThan(1000);
}

/** The file is sound, and nothing is missing of what the hosts have kept of it. @returns its records */
export async function checked(project: string): Promise<number> {
  const { text } = await asRay(node, [look, 'check', project]);
  console.log(`# ${text.trim()}`);
  const { is, records, lost } = JSON.parse(text) as Checked;
  expect({ is, lost }).to.deep.equal({ is: 'sound', lost: [] });
  return records;
}

interface Checked {
  is: string;
  records: number;
  lost: string[];
}

interface Shared {
  ends: { killed: boolean; status: number | null; damage: string | null; bytes: number }[];
  problems: string[];
}

/**
 * c1 is in the middle of a write, with the lock. The gate on c2 waits until c1 is killed; a bare rpict takes it for a
 * damaged end and cuts it off. The gate first, while the file is sound: what the bare one writes without a lock before
 * it is killed may itself be half of a record.
 */
export async function halfWritten(project: string): Promise<void> {
  const name = project.slice(5);
  for (const how of ['come', 'raw'] as const) {
    const called = (sign: string) => `${name}.${how}.${sign}`;
    if (host === 'c1') {
      const holder = startAsRay(node, [render, 'half', project], (size) => flag(called('half'), size));
      await flagged(called('tried'));
      await holder.kill();
      flag(called('killed'));
      await flagged(called('over'));
      continue;
    }
    const size = await flagged(called('half'));
    const lines: string[] = [];
    startAsRay(node, [render, how, project, size], (line) => {
      lines.push(line);
      flag(called('tried'));
    });
    await flagged(called('tried'));
    await flagged(called('killed'));
    if (how === 'come') await until('the one who waits', () => lines.length === 2);
    flag(called('over'));
    const expected = how === 'raw' ? ['{"isThere":false}'] : ['waits', /The last 30 bytes were cut off/];
    for (const [index, line] of expected.entries()) expect(lines[index] ?? 'nothing').to.match(new RegExp(line));
  }
}

/**
 * c2 sees that there is no file, and waits, since c1 is about to make it. What c2's kernel has seen it believes for ten
 * minutes on this mount; c2 must find the file all the same, or its rpict would empty it.
 */
export async function found(project: string): Promise<void> {
  const called = (sign: string) => `${project.slice(5)}.${sign}`;
  const lines: string[] = [];
  const says = (line: string) => {
    lines.push(line);
    if (line === 'waits' || line === 'is let in') flag(called(line));
  };
  if (host === 'c1') startAsRay(node, [render, 'make', project, `/share/flags/${called('waits')}`], says);
  else {
    await flagged(called('is let in'));
    startAsRay(node, [render, 'come', project], says);
  }
  const end = await until('the end', () => (lines.length === 2 && lines[1]) || false);
  if (host === 'c2') expect(end).to.equal('{"notes":[]}');
  else expect((JSON.parse(end) as Shared).problems).to.deep.equal([]);
}
