import { expect } from 'chai';
import fc from 'fast-check';
import { type Handover, readWord, takeHandover, withHandover, writeWord } from '../../../src/daemon/handover.ts';

const handover: Handover = {
  mode: 'daemon',
  home: '/srv/ray server',
  host: 'mars',
  startsProcwrap: true,
  procwrap: null,
  listen: 4,
  submit: null,
  port: 9182,
  ready: 3,
  pidFile: { path: '/run/r.pid', fd: 6 },
  manager: { notify: '/run/systemd/notify', watchdog: 60_000_000, journal: '8:77' },
  errors: [1_800_000_000_000],
};

describe('what one process of the daemon leaves to the next', () => {
  it('comes out as it went in, and is gone from the environment then', () => {
    const environment: Record<string, string | undefined> = withHandover(
      { HOME: '/home/ray', NOTHING: undefined },
      handover,
    );
    expect(takeHandover(environment)).to.deep.equal(handover);
    expect(environment).to.deep.equal({ HOME: '/home/ray' });
  });

  it('never carries the mark of daemonize-process', () => {
    expect(withHandover({ _DAEMONIZE_PROCESS: '1' }, handover)).to.not.have.property('_DAEMONIZE_PROCESS');
    const environment: Record<string, string | undefined> = { _DAEMONIZE_PROCESS: '1' };
    expect(takeHandover(environment)).to.equal(null);
    expect(environment).to.deep.equal({});
  });

  it('is not taken from anything else', () => {
    for (const text of [
      '',
      'null',
      '[]',
      '{}',
      '7',
      '{"mode":"daemon"',
      JSON.stringify({ ...handover, listen: 'x' }),
    ]) {
      expect(takeHandover({ RAYSERVER_HANDOVER: text })).to.equal(null);
    }
  });

  it('lets the server say that it serves, or why not', () => {
    expect(readWord(writeWord({ ready: 77 }))).to.deep.equal({ ready: 77 });
    expect(readWord(writeWord({ failed: 'two\nlines' }))).to.deep.equal({ failed: 'two\nlines' });
  });

  it('waits for the whole word', () => {
    const whole = writeWord({ failed: 'why' });
    for (let length = 0; length < whole.length; length++) expect(readWord(whole.slice(0, length))).to.equal(null);
  });

  it('hears nothing in other texts', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readWord(`x${text}\n`)).to.equal(null);
      }),
    );
  });
});
