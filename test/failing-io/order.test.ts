import { join, posix } from 'node:path';
import { expect } from 'chai';
import type { JobView } from '../../src/protocol/api.ts';
import { type FailingStage, makeFailingStage } from '../support/failing-io/failing-stage.ts';
import type { Faults } from '../support/failing-io/faults.ts';
import { Customer } from '../support/torture/customer.ts';
import { rifOf, type Stage } from '../support/torture/stage.ts';
import { waitUntil } from '../support/wait-until.ts';

/**
 * What would be there after a loss of power: nothing is said before it is on disk. The preloaded library notes what is
 * written, synced, renamed and said, in order; nothing fails.
 */
describe('the order of what goes to disk and what is said', () => {
  let failing: FailingStage | undefined;
  let stage: Stage;
  let faults: Faults;
  let notes: string[];
  let job: JobView;

  before(async function () {
    failing = await makeFailingStage(this, ({ lab, project }) => [lab.home, project]);
    ({ stage, faults } = failing);
    const { lab, project } = stage;
    await lab.startDaemon([], { env: faults.env });
    lab.write(join(project, 'tiny.rif'), rifOf('tiny', 2, 8));
    const customer = new Customer(lab);
    const body = { kind: 'radiance', project: { path: project }, rif: 'tiny.rif' };
    const id = (await customer.submit('tiny', body)) ?? 0;
    const seen = await waitUntil('the end', async () => {
      const look = await customer.look(id);
      return look?.job.state === 'done' && look;
    });
    job = seen.job;
    await lab.stopDaemon();
    notes = faults.notes();
  });
  after(() => failing?.close());

  /** The first note, from `from` on, that begins with these words. */
  const next = (words: string, from = 0) => notes.findIndex((note, index) => index >= from && note.startsWith(words));
  const last = (words: string, before: number) =>
    notes.findLastIndex((note, index) => index < before && note.startsWith(words));
  /** When procwrap told the server of the end that has this in it. */
  const told = (text: string) =>
    notes.findIndex((note) => note.startsWith('procwrap say') && note.includes('ended') && note.includes(text));

  /** Before note `before`: the contents, then the name. */
  function expectOnDisk(path: string, before: number): void {
    const file = join(stage.project, path);
    expect(before, `the end that makes ${path}`).to.be.greaterThan(0);
    const renamed = last(`procwrap rename 0 ${file}`, before);
    const contents = notes.findIndex(
      (note, index) => index < before && /^procwrap sync 0 /.test(note) && note.includes(file),
    );
    const name = next(`procwrap sync 0 ${posix.dirname(file)}`, Math.max(renamed, 0));
    expect(contents, `${path}: its contents`).to.be.within(0, before);
    expect(renamed, `${path}: its name is given`).to.be.within(0, before);
    expect(notes.slice(renamed, before), `${path}: its directory`).to.include(`procwrap sync 0 ${posix.dirname(file)}`);
    expect(name, `${path}: its directory`).to.be.within(renamed, before);
  }

  it('results are on disk, with their names, before their task is told to be done', () => {
    expect(job.results).to.have.length(2);
    for (const { path } of job.results) expectOnDisk(path, told(path));
  });

  it('so is what only later tasks need', () => {
    for (const [path, attempt] of [
      ['octrees/tiny.oct', '1.1.1'],
      ['images/tiny_v1.unf', '1.2.1'],
    ] as const) {
      const end = told(`"${attempt}"`);
      const synced = notes.findIndex((note) => note.startsWith('procwrap sync 0 ') && note.includes(path));
      expect(synced, path).to.be.within(0, end);
    }
  });

  it('so are directories that were made for them', () => {
    const made = notes.flatMap((note, index) =>
      note.startsWith(`procwrap mkdir 0 ${stage.project}/`) ? [{ index, path: note.split(' ')[3] ?? '' }] : [],
    );
    const ofResults = made.filter(({ path }) =>
      job.results.some((one) => `${stage.project}/${one.path}`.startsWith(`${path}/`)),
    );
    expect(ofResults.map(({ path }) => posix.basename(path))).to.deep.equal(['images']);
    for (const { index, path } of ofResults) {
      const end = told(path.slice(stage.project.length + 1));
      expect(notes.slice(index, end), path).to.include(`procwrap sync 0 ${posix.dirname(path)}`);
    }
  });

  it('the state file is on disk whenever the server says anything', () => {
    const state = join(stage.lab.home, 'state');
    let dirty: string | null = null;
    let said = 0;
    for (const note of notes) {
      if (note.startsWith(`server write `) && note.includes(`${state}/`)) dirty = note;
      if (note.startsWith('server sync 0 ') && note.endsWith('-wal')) dirty = null;
      const speaks = /^server say 0 .*(HTTP\/1\.1|"say":"(start|acknowledge|stop|tidy))/.test(note);
      if (speaks) said += 1;
      if (speaks) expect(dirty, note).to.equal(null);
    }
    expect(said).to.be.greaterThan(5);
  });

  it('a job is in it before its number is told, and the end of a task before it is acknowledged', () => {
    const planned = next('procwrap say 0 ..{"t":1,"d":{"say":"answer"');
    const answered = notes.findIndex((note) => /^server say 0 HTTP\/1\.1 201/.test(note));
    const synced = (from: number, to: number) =>
      notes.slice(from, to).some((note) => /^server sync 0 .*-wal$/.test(note));
    expect(synced(planned, answered)).to.equal(true);
    for (const { path } of job.results) {
      const end = told(path);
      const acknowledged = next('server say 0', end);
      const key = /"(\d+\.\d+\.\d+)"/.exec(notes[end] ?? '')?.[1];
      const at = notes.findIndex(
        (note, index) => index > end && note.includes('acknowledge') && note.includes(`${key}`),
      );
      expect(at, `the acknowledgement of ${key}`).to.be.greaterThan(acknowledged - 1);
      expect(synced(end, at), `the end of ${key}`).to.equal(true);
    }
  });
});
