import { expect } from 'chai';
import { ranOutOfMemory } from '../../../src/executor/memory-limit.ts';

describe('a simulation that needs more memory than it may have', () => {
  const sizes: readonly [number, string][] = [
    [2e9, '2 GB'],
    [1.5e9, '1500 MB'],
    [2 ** 31, '2 GiB'],
    [2 ** 20 * 100, '100 MiB'],
    [1024e6, '1024 MB'],
    [16_777_217, '16777217 bytes'],
  ];
  for (const [bytes, size] of sizes) {
    it(`is told of ${size}`, () => {
      expect(ranOutOfMemory(bytes)).to.equal(
        `It was ended because it needed more memory than ${size} (setting "limits.memory").`,
      );
    });
  }
});
