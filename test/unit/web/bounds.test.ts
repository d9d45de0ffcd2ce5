import { expect } from 'chai';
import fc from 'fast-check';
import { defaultBounds, fitting } from '../../../src/web/bounds.ts';

const room = (openFiles: number) => {
  const { connections, localConnections } = fitting(defaultBounds, openFiles);
  return [connections, localConnections];
};

describe('the bounds of the job port', () => {
  it('are those of the manual where there are descriptors enough', () => {
    expect(room(Number.POSITIVE_INFINITY)).to.deep.equal([12_000, 2000]);
    expect(room(20_000)).to.deep.equal([12_000, 2000]);
  });

  it('leave 256 descriptors for everything else, and a quarter of the room for local users', () => {
    expect(room(4096)).to.deep.equal([2880, 960]);
    expect(room(1024)).to.deep.equal([576, 192]);
  });

  it('have some room for both ways in, and never all descriptors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 100_000 }), (openFiles) => {
        const [tcp = 0, local = 0] = room(openFiles);
        return tcp > 0 && local > 0 && tcp + local <= Math.max(openFiles / 2, openFiles - 256);
      }),
    );
  });
});
