import { expect } from 'chai';
import { CalledWrongly } from '../../../../src/client/errors.ts';
import { chooseResult } from '../../../../src/client/rayctl/get.ts';
import { jobView } from '../../../support/views.ts';

const results = (...paths: string[]) =>
  jobView({ id: 7, state: 'done', results: paths.map((path) => ({ path, bytes: 1, sha256: 'x' })) });
const chosen = (job: ReturnType<typeof results>, path?: string, view?: string) => chooseResult(job, path, view).path;

describe('the result that is fetched', () => {
  const two = results('octrees/room.oct', 'images/room_inside.hdr', 'images/room_sofa.hdr');

  it('is the only picture where none is named', () => {
    expect(chosen(results('room.oct', 'images/room_inside.hdr'))).to.equal('images/room_inside.hdr');
    expect(chosen(results('numeric/room.dat'))).to.equal('numeric/room.dat');
  });

  it('is named by its path, its base name or its view', () => {
    expect(chosen(two, 'images/room_sofa.hdr')).to.equal('images/room_sofa.hdr');
    expect(chosen(two, 'room_sofa.hdr')).to.equal('images/room_sofa.hdr');
    expect(chosen(two, 'octrees/room.oct')).to.equal('octrees/room.oct');
    expect(chosen(two, undefined, 'inside')).to.equal('images/room_inside.hdr');
  });

  it('has to be named where there are several', () => {
    expect(() => chosen(two)).to.throw(CalledWrongly, /several results.*--view:\n {2}octrees\/room.oct\n/s);
  });

  it('has to be there', () => {
    expect(() => chosen(two, 'other.hdr')).to.throw(CalledWrongly, 'Job 7 has no result "other.hdr". Its results:');
    expect(() => chosen(two, undefined, 'side')).to.throw(CalledWrongly, 'Job 7 has no result "view side".');
    expect(() => chosen(jobView({ id: 7, state: 'running' }))).to.throw(
      CalledWrongly,
      'Job 7 has no results: it is running.',
    );
  });
});
