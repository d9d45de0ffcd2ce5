import { expect } from 'chai';
import { endingBy } from '../../../src/daemon/signals.ts';

describe('signals that end the daemon', () => {
  it('INT is the user, with status 0', () => {
    expect(endingBy('SIGINT')).to.deep.equal({ message: '*User Interrupt*', status: 0 });
  });

  it('TERM is an orderly end', () => {
    expect(endingBy('SIGTERM')).to.deep.equal({ message: '*System Exit* (caught signal 15)', status: 0 });
  });

  it('others end with 128 and their number', () => {
    expect(endingBy('SIGQUIT')).to.deep.equal({ message: '*System Exit* (caught signal 3)', status: 131 });
    expect(endingBy('SIGUSR1')).to.deep.equal({ message: '*System Exit* (caught signal 10)', status: 138 });
  });
});
