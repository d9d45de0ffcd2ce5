import { expect } from 'chai';
import { forgetNodeOptions, withNodeOptions } from '../../../src/unix/node-options.ts';

const own = '--disable-sigusr1 --max-semi-space-size=4 --v8-pool-size=1';

describe('the options of our own Node programs', () => {
  it('are there once, before those that were there', () => {
    expect(withNodeOptions({ HOME: '/' })).to.deep.equal({ HOME: '/', NODE_OPTIONS: own });
    const given = { NODE_OPTIONS: '--no-deprecation --disable-sigusr1' };
    expect(withNodeOptions(given)).to.deep.equal({ NODE_OPTIONS: `${own} --no-deprecation` });
  });

  it('are forgotten again, and nothing else', () => {
    const alone = { HOME: '/', NODE_OPTIONS: own };
    forgetNodeOptions(alone);
    expect(alone).to.deep.equal({ HOME: '/' });
    const among = { NODE_OPTIONS: `${own} --no-deprecation` };
    forgetNodeOptions(among);
    expect(among).to.deep.equal({ NODE_OPTIONS: '--no-deprecation' });
  });
});
