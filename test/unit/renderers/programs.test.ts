import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { understandingOf } from '../../../src/renderers/programs.ts';
import { lastLine, noLines, takeLines } from '../../../src/renderers/radiance/progress.ts';

/** What POV-Ray 3.7.0.10 and Blender 3.4.1 of Debian 12 really wrote. */
const said = (file: string): string[] => {
  const text = readFileSync(join(import.meta.dirname, '../../../../test/fixtures/programs', `${file}.txt`), 'utf8');
  const { lines, state } = takeLines(noLines, text);
  return [...lines, ...lastLine(state)];
};
const judged = (program: string, file: string, exit: number | null, signal: string | null = null) => {
  const { progressOf, warningOf, failureOf } = understandingOf(program);
  const lines = said(file);
  const plain = lines.filter((line) => progressOf(line) === null && line.trim() !== '');
  const lastLines = plain.slice(-20);
  return {
    fractions: lines.flatMap((line) => progressOf(line) ?? []),
    warnings: lines.flatMap((line) => warningOf(line) ?? []),
    reason: failureOf({ program, exit, signal, lastLines, outputEmpty: null }),
  };
};

describe('POV-Ray', () => {
  it('says how far it is', () => {
    const { fractions, reason, warnings } = judged('/usr/bin/povray', 'povray', 0);
    expect(fractions).to.have.lengthOf(20);
    expect(fractions[0]).to.be.closeTo(0.053, 0.001);
    expect(fractions.at(-1)).to.equal(1);
    expect([reason, warnings]).to.deep.equal([null, []]);
    expect(judged('povray', 'povray-frames', 0).fractions).to.deep.equal([1, 1, 1]);
    expect(understandingOf('povray').progressOf('Rendering line 120 of 480, 12 rad. samples')).to.equal(0.25);
  });

  it('says why it failed, over broken lines', () => {
    expect(judged('povray', 'povray-syntax', 1).reason).to.equal(
      "povray failed: File 'bad.pov' line 1: Parse Error: No matching } in 'sphere', undeclared identifier 'pigmnt' found instead",
    );
    expect(judged('povray', 'povray-missing', 1).reason).to.equal(
      "povray failed: Cannot find file 'none.pov', even after trying to append file type extension.",
    );
    expect(judged('povray', 'povray-nowhere', 1).reason).to.equal(
      'povray failed: Cannot create render state output file.',
    );
    expect(judged('povray', 'povray', 3).reason).to.equal('povray ended with exit status 3.');
    expect(judged('povray', 'povray', null, 'SIGSEGV').reason).to.equal('povray was ended by signal SEGV.');
  });
});

describe('Blender', () => {
  it('says how far it is, by samples or tiles', () => {
    expect(judged('blender', 'blender-cycles', 0)).to.deep.equal({
      fractions: [0, 0.25, 1],
      warnings: [],
      reason: null,
    });
    expect(judged('blender', 'blender-eevee', 0).fractions).to.deep.equal([1 / 64, 26 / 64, 51 / 64, 1]);
    expect(judged('blender', 'blender-frames', 0).fractions).to.deep.equal([0, 0.25, 1, 0, 0.25, 1]);
    const tiles = 'Fra:1 Mem:27.31M (Peak 27.31M) | Time:00:00.29 | Scene, View Layer | Rendered 3/16 Tiles';
    expect(understandingOf('blender').progressOf(tiles)).to.equal(3 / 16);
    const rest = ', Sample 2/4';
    expect(understandingOf('blender').progressOf(tiles + rest)).to.equal(3 / 16);
  });

  it('says why it failed, whatever its exit status', () => {
    const missing = "blender failed: Cannot read file '/project/nothing.blend': No such file or directory.";
    expect([1, 0].map((exit) => judged('blender', 'blender-missing', exit).reason)).to.deep.equal([missing, missing]);
    expect(judged('blender', 'blender-damaged', 1).reason).to.match(
      /^blender failed: File format is not supported in /,
    );
    expect(judged('blender', 'blender-nowhere', 0).reason).to.match(
      /^blender failed: Render error \(.*\) cannot save: /,
    );
    expect(judged('blender', 'blender-cycles', 11).reason).to.equal('blender ended with exit status 11.');
    expect(judged('blender', 'blender-cycles', null, 'SIGKILL').reason).to.match(/^blender was ended by signal KILL/);
  });

  it('goes on after a script that failed, and that is told', () => {
    const { reason, warnings } = judged('blender', 'blender-script', 0);
    expect(reason).to.equal(null);
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0]).to.match(/^Python: OSError: Python file .* could not be opened/);
    expect(judged('blender', 'blender-python', 0).warnings).to.have.lengthOf(1);
  });
});

describe('a program that nobody knows', () => {
  const { progressOf, warningOf, failureOf } = understandingOf('/opt/strange/renderer');

  it('may end its lines with a percentage', () => {
    expect(['45%', 'frame 3: 45 %', '[===>  ] (45.0%)', 'done: 45 %  '].map(progressOf)).to.deep.equal(
      Array(4).fill(0.45),
    );
    for (const line of ['45% of frame 3', '145%', 'x45%', '', '%', '-5%', 'error 45']) {
      expect(progressOf(line), line).to.equal(null);
    }
  });

  it('fails by its exit status alone', () => {
    const end = { program: 'renderer', signal: null, lastLines: ['Error: no'], outputEmpty: null };
    expect(failureOf({ ...end, exit: 0 })).to.equal(null);
    expect(failureOf({ ...end, exit: 2 })).to.equal('renderer ended with exit status 2.');
    expect(warningOf('warning - none')).to.equal(null);
  });
});

describe('a program of Radiance', () => {
  it('is understood also as a frame', () => {
    expect(understandingOf('/usr/local/bin/rcontrib').progressOf('rcontrib: 12.50% done after 0.123 hours')).to.equal(
      0.125,
    );
  });
});
