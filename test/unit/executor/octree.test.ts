import { expect } from 'chai';
import { isFrozen } from '../../../src/executor/octree.ts';

const header = (...lines: string[]) => `#?RADIANCE\n${lines.join('\n')}\nFORMAT=Radiance_octree\n\n\x00\x01 -f`;

describe('an octree', () => {
  it('is frozen if the last oconv was told so', () => {
    expect(isFrozen(header('oconv -f materials.rad room.rad'))).to.equal(true);
    expect(isFrozen(header('oconv -w -f -i room0.oct illum.rad', '\toconv room.rad'))).to.equal(true);
  });

  it('is not frozen if only one that it started from was', () => {
    expect(isFrozen(header('oconv -i room0.oct illum.rad', '\toconv -f room.rad'))).to.equal(false);
    expect(isFrozen(header('oconv room-f.rad'))).to.equal(false);
    expect(isFrozen(header('xform -f room.rad'))).to.equal(false);
  });

  it('is none without its header', () => {
    expect(isFrozen('')).to.equal(false);
    expect(isFrozen('oconv -f room.rad\n\n')).to.equal(false);
  });
});
