import { expect } from 'chai';
import { readLocks } from '../../../src/unix/lock-table.ts';

const table = `1: POSIX  ADVISORY  WRITE 3568 fe:00:2531452 0 EOF
1: -> POSIX  ADVISORY  READ 3600 fe:00:2531452 0 EOF
2: OFDLCK ADVISORY  READ  -1 fe:00:2531452 1 1
3: FLOCK  ADVISORY  WRITE 24134 00:10a1d:2531452 0 EOF
4: POSIX  ADVISORY  WRITE 9 fe:00:77 0 EOF
`;

describe('the table of locks', () => {
  it('tells of one file who holds a lock, and who waits', () => {
    expect(readLocks(table, { dev: 0xfe00, ino: 2531452 })).to.deep.equal([
      { type: 'POSIX', kind: 'write', pid: 3568, waits: false },
      { type: 'POSIX', kind: 'read', pid: 3600, waits: true },
      { type: 'OFDLCK', kind: 'read', pid: null, waits: false },
    ]);
  });

  it('knows devices with large numbers as the C library has them', () => {
    const found = readLocks(table, { dev: 0x10a0_001d, ino: 2531452 });
    expect(found.map(({ type }) => type)).to.deep.equal(['FLOCK']);
  });
});
