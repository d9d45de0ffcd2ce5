import { statSync } from 'node:fs';
import { expect } from 'chai';
import { isMounted } from '../../../../src/executor/sandbox/mounted.ts';

const table = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
35 22 0:51 /film /srv/film rw - nfs4 server:/export rw
36 22 259:65537 / /data rw - xfs /dev/nvme0n1p3 rw
`;

describe('what is mounted', () => {
  it('is known by the device of its files', () => {
    expect(isMounted(0x801n, table)).to.equal(true);
    expect(isMounted(51n, table)).to.equal(true);
    expect(isMounted(52n, table)).to.equal(false);
    expect(isMounted(0x802n, table)).to.equal(false);
  });

  it('may have long numbers', () => {
    // makedev(259, 65537)
    expect(isMounted(0x10010301n, table)).to.equal(true);
  });

  it('is looked up here', () => {
    expect(isMounted(statSync('/proc', { bigint: true }).dev)).to.equal(true);
  });
});
