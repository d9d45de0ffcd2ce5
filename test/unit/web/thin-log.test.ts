import { expect } from 'chai';
import { thinned } from '../../../src/web/thin-log.ts';

describe('the log of requests that are turned away', () => {
  it('has fifty lines at once, one a second after that, and a count of the rest', () => {
    const lines: string[] = [];
    let now = 0;
    const log = thinned(
      (_level, text) => lines.push(text),
      () => now,
    );
    for (let at = 0; at < 1000; at++) log('warn', `flood ${at}`);
    expect([lines.length, lines.at(-1)]).to.deep.equal([50, 'flood 49']);
    now = 1000;
    log('warn', 'later');
    expect(lines.slice(50)).to.deep.equal(['950 more lines of requests that were turned away are left out', 'later']);
    now = 3_600_000;
    for (let at = 0; at < 60; at++) log('info', `second ${at}`);
    expect([lines.length, lines[52], lines.at(-1)]).to.deep.equal([102, 'second 0', 'second 49']);
  });
});
