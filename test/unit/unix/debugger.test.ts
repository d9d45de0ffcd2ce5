import { expect } from 'chai';
import { forgetDebuggerOption, withoutDebugger } from '../../../src/unix/debugger.ts';

describe('an environment without the debugger', () => {
  it('has the option once, before those that were there', () => {
    expect(withoutDebugger({ HOME: '/' })).to.deep.equal({ HOME: '/', NODE_OPTIONS: '--disable-sigusr1' });
    const given = { NODE_OPTIONS: '--no-deprecation --disable-sigusr1' };
    expect(withoutDebugger(given)).to.deep.equal({ NODE_OPTIONS: '--disable-sigusr1 --no-deprecation' });
  });

  it('forgets it again, and nothing else', () => {
    const alone = { HOME: '/', NODE_OPTIONS: '--disable-sigusr1' };
    forgetDebuggerOption(alone);
    expect(alone).to.deep.equal({ HOME: '/' });
    const among = { NODE_OPTIONS: '--disable-sigusr1 --no-deprecation' };
    forgetDebuggerOption(among);
    expect(among).to.deep.equal({ NODE_OPTIONS: '--no-deprecation' });
  });
});
