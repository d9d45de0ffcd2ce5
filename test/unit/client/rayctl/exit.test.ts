import { expect } from 'chai';
import { CalledWrongly, NotAllowed, Refused, ServerUnreachable, UnknownAnswer } from '../../../../src/client/errors.ts';
import { Interrupted, statusOfError, statusOfJobs } from '../../../../src/client/rayctl/exit.ts';
import { jobView } from '../../../support/views.ts';

describe('the exit status of rayctl', () => {
  const refused = (status: number) => new Refused({ code: 'x', message: 'x', status, job: null });
  const cases: [string, Error, number][] = [
    ['called wrongly', new CalledWrongly('x'), 2],
    ['a server that cannot be reached', new ServerUnreachable('x'), 69],
    ['a closed socket', new NotAllowed('x'), 77],
    ['no token or a wrong one', refused(401), 77],
    ['not allowed', refused(403), 77],
    ['another refusal', refused(422), 1],
    ['an unknown answer', new UnknownAnswer('x'), 1],
    ['Ctrl-C', new Interrupted('SIGINT'), 130],
    ['a closed pipe', new Interrupted('SIGPIPE'), 141],
    ['anything else', new Error('x'), 1],
  ];
  for (const [what, error, status] of cases) {
    it(`is ${status} for ${what}`, () => expect(statusOfError(error)).to.equal(status));
  }

  it('is the outcome of the jobs, a failure first', () => {
    const jobs = (...states: ('done' | 'failed' | 'cancelled')[]) =>
      statusOfJobs(states.map((state) => jobView({ state })));
    expect([jobs('done'), jobs('done', 'cancelled'), jobs('cancelled', 'failed'), jobs()]).to.deep.equal([0, 3, 1, 0]);
  });
});
