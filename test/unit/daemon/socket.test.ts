import type { Server } from 'node:net';
import { expect } from 'chai';
import { bindPort } from '../../../src/daemon/socket.ts';

const bound = {} as Server;

function systemError(code: string, errno: number): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, errno });
}

/** Binds where the tries end as listed; what was said and waited comes back. */
async function bind(...tries: (Server | Error)[]) {
  const said: string[] = [];
  const waited: number[] = [];
  const outcome = await bindPort({
    address: '127.0.0.1',
    port: 9182,
    retrySeconds: 30,
    pause: async (milliseconds) => {
      waited.push(milliseconds);
    },
    complain: (line) => said.push(line),
    listen: async () => {
      const next = tries.shift();
      if (next === undefined) throw new Error('tried too often');
      if (next instanceof Error) throw next;
      return next;
    },
  }).catch((error: Error) => error);
  return { outcome, said, waited, left: tries.length };
}

const taken = systemError('EADDRINUSE', -98);
const fault = "Socket Error: (98, 'Address already in use')";

describe('binding the job port', () => {
  it('says nothing when the port is free', async () => {
    expect(await bind(bound)).to.deep.equal({ outcome: bound, said: [], waited: [], left: 0 });
  });

  it('tries again after 30 seconds', async () => {
    const { outcome, said, waited } = await bind(taken, bound);
    expect(outcome).to.equal(bound);
    expect(said).to.deep.equal([fault, 'retrying in 30 secs...']);
    expect(waited).to.deep.equal([30_000]);
  });

  it('gives up at the third try, without another "retrying"', async () => {
    const { outcome, said, waited, left } = await bind(taken, taken, taken, bound);
    expect(outcome).to.be.an('error').with.property('message', fault);
    expect(said).to.deep.equal([fault, 'retrying in 30 secs...', fault, 'retrying in 30 secs...']);
    expect(waited).to.deep.equal([30_000, 30_000]);
    expect(left).to.equal(1);
  });

  it('does not wait where waiting does not help', async () => {
    const { outcome, said, waited } = await bind(systemError('EACCES', -13), bound);
    expect(outcome).to.be.an('error').with.property('message', "Socket Error: (13, 'Permission denied')");
    expect({ said, waited }).to.deep.equal({ said: [], waited: [] });
  });
});
