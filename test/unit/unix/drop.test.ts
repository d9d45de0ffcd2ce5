import { expect } from 'chai';
import { faultsOfThread } from '../../../src/unix/drop.ts';

const ray = { uid: 500, gid: 100 };

function status(changes: Record<string, string> = {}): string {
  const fields: Record<string, string> = {
    Name: 'node',
    Uid: '500\t500\t500\t500',
    Gid: '100\t100\t100\t100',
    Groups: '100 44 ',
    CapInh: '0000000000000000',
    CapPrm: '0000000000000000',
    CapEff: '0000000000000000',
    CapBnd: '000001ffffffffff',
    CapAmb: '0000000000000000',
    ...changes,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('');
}

describe('the proof that user and group are given up', () => {
  it('is content with a thread that has nothing left', () => {
    expect(faultsOfThread('7', status(), ray)).to.deep.equal([]);
  });

  const left: Record<string, string>[] = [
    { Uid: '500\t500\t0\t500' },
    { Uid: '0\t500\t500\t500' },
    { Gid: '100\t100\t100\t0' },
    { CapPrm: '0000000000000080' },
    { CapEff: '0000000000000001' },
    { CapAmb: '0000000000000001' },
  ];
  for (const change of left) {
    it(`sees ${JSON.stringify(change)}`, () => {
      const [name] = Object.keys(change);
      const faults = faultsOfThread('7', status(change), ray);
      expect(faults).to.have.lengthOf(1);
      expect(faults[0]).to.match(new RegExp(`^Thread 7 still has ${name} `));
    });
  }

  it('does not take silence for proof', () => {
    expect(faultsOfThread('7', '', ray)).to.have.lengthOf(5);
  });
});
