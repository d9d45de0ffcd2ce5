import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, temporaryDirectory, top } from '../../support/program.ts';
import { TerminalRun } from '../../support/terminal.ts';

const demo = join(top, 'scripts/demo');

describe('scripts/demo', () => {
  let place: { path: string; remove: () => void };
  beforeEach(() => {
    place = temporaryDirectory();
  });
  afterEach(() => place.remove());

  it('renders the example, says where the pictures are, and stops what it has started', async function () {
    this.timeout(300_000);
    const { status, stdout } = await runCommand(demo, [], {
      env: { TMPDIR: place.path },
      milliseconds: 290_000,
    });
    expect(status).to.equal(0);
    const [, png = ''] = /PNG: (.*livingroom_sofa\.png)\n/.exec(stdout) ?? [];
    expect(readFileSync(png).subarray(1, 4).toString()).to.equal('PNG');
    expect(stdout).to.match(/demo: daemon \d+ stopped\ndemo: to remove all of it: rm -rf .*\n$/);
    expect(running(place.path)).to.deep.equal([]);
  });

  it('leaves nothing behind when it is interrupted while it renders', async () => {
    const run = new TerminalRun(100, [demo], { TMPDIR: place.path }, '/');
    // By the number of processors: one view, both, or an overture first.
    await run.shows(/view sofa|2 views|overture sofa/);
    run.type('\x03');
    expect(await run.ended).to.equal(130);
    expect(run.seen).to.include('demo: interrupted; nothing is left of it');
    expect(running(place.path)).to.deep.equal([]);
    expect(readdirSync(place.path)).to.deep.equal([]);
  });

  it('says what to do where it may not write', async () => {
    const nowhere = join(place.path, 'missing');
    const { status, stderr } = await runCommand(demo, [], { env: { TMPDIR: nowhere } });
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^demo: user \S+ may not write in \S+\. Set TMPDIR to a directory that you may write in\.\n$/,
    );
    expect(existsSync(nowhere)).to.equal(false);
  });
});

/** Command lines of the processes that name this path. */
function running(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(path));
}
