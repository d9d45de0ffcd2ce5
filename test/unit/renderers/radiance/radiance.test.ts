import { expect } from 'chai';
import { radianceEnvironment } from '../../../../src/renderers/radiance/radiance.ts';

describe('the environment of Radiance', () => {
  it('finds its programs and files first where it is set', () => {
    expect(radianceEnvironment('/opt/radiance', { PATH: '/usr/bin:/bin', RAYPATH: '.:/old/lib' })).to.deep.equal({
      PATH: '/opt/radiance/bin:/usr/bin:/bin',
      RAYPATH: '.:/opt/radiance/lib:/old/lib',
    });
  });

  it('is what the environment says where it is not', () => {
    expect(radianceEnvironment(null, { PATH: '/usr/bin', RAYPATH: '/usr/lib/ray' })).to.deep.equal({
      PATH: '/usr/bin',
      RAYPATH: '.:/usr/lib/ray',
    });
    expect(radianceEnvironment(null, {})).to.deep.equal({ PATH: '', RAYPATH: '.' });
  });

  it('never runs a program that lies in the project', () => {
    expect(radianceEnvironment(null, { PATH: '.::bin:/usr/bin:../x' }).PATH).to.equal('/usr/bin');
  });
});
