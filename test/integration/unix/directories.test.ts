import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { refreshDirectory } from '../../../src/unix/directories.ts';

describe('what a file server knows of a directory', () => {
  it('can be asked for by the descriptor', () => {
    const fd = openSync(tmpdir(), 'r');
    refreshDirectory(fd);
    closeSync(fd);
    expect(() => refreshDirectory(fd)).to.throw('EBADF');
  });
});
