import { expect } from 'chai';
import { commandLine } from '../../../src/executor/command-line.ts';
import type { RunDeed } from '../../../src/model/task.ts';

const deed = (args: string[], more: Partial<RunDeed> = {}): RunDeed => ({
  do: 'run',
  program: 'rpict',
  args,
  stdin: null,
  stdout: { to: 'log' },
  ambient: null,
  ...more,
});

describe('a command as a person would type it', () => {
  it('shows where input and output go', () => {
    expect(commandLine(deed(['-t', '1', 'room.oct'], { stdout: { to: 'file', path: 'images/x.unf' } }))).to.equal(
      'rpict -t 1 room.oct > images/x.unf',
    );
    expect(commandLine(deed([], { stdin: 'views.txt', stdout: { to: 'null' } }))).to.equal(
      'rpict < views.txt > /dev/null',
    );
  });

  it('quotes what a shell would take apart', () => {
    expect(commandLine(deed(['a b', '<', "it's", '', '$x']))).to.equal("rpict 'a b' '<' 'it'\\''s' '' '$x'");
  });

  it('stays one line, whatever the words are', () => {
    expect(commandLine(deed(["a\nb\\'\x1b"]))).to.equal("rpict $'a\\x0ab\\\\\\'\\x1b'");
  });
});
