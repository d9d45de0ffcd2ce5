import { expect } from 'chai';
import { objection, sidecarOf } from '../../../src/ambient/fits.ts';
import { type AmbientHeader, readHeader } from '../../../src/ambient/header.ts';
import { ambientName } from '../../../src/ambient/name.ts';
import { parametersOfHeader } from '../../../src/ambient/parameters.ts';
import { isOurs, nameOfHeader, readSidecar, writeSidecar } from '../../../src/ambient/sidecar.ts';
import { ambientHeader } from '../../support/ambient.ts';

const header = readHeader(ambientHeader()) as AmbientHeader;
const model = {
  octree: { path: 'room.oct', sha256: 'ab', modified: 1000 },
  parameters: parametersOfHeader(header),
  radiance: 'RADIANCE 6.0a',
};

describe('a sidecar', () => {
  it('reads as it was written', () => {
    for (const name of [null, nameOfHeader(ambientHeader())]) {
      const sidecar = sidecarOf(model, name);
      expect(readSidecar(writeSidecar(sidecar))).to.deep.equal(sidecar);
      expect(sidecar.octree).to.deep.equal({ path: 'room.oct', sha256: 'ab' });
    }
  });

  it('tells of a cut, and is taken where it was written before there were any', () => {
    const sidecar = { ...sidecarOf(model, 'x'), cut: { to: 700, at: '2026-11-23T00:00:00.000Z' } };
    expect(readSidecar(writeSidecar(sidecar))).to.deep.equal(sidecar);
    const { cut, ...old } = sidecar;
    expect(readSidecar(JSON.stringify(old))?.cut).to.equal(null);
    for (const other of [7, 'x', {}, { ...cut, to: '7' }, { to: 7 }])
      expect(readSidecar(JSON.stringify({ ...old, cut: other }))).to.equal(null);
  });

  it('is not taken when it was not written to its end, or says something else', () => {
    const text = writeSidecar(sidecarOf(model, null));
    for (let length = 0; length < text.length - 2; length += 1)
      expect(readSidecar(text.slice(0, length))).to.equal(null);
    for (const other of ['null', '7', '{}', '{"octree":null}', text.replace('"ab"', '7')])
      expect(readSidecar(other)).to.equal(null);
  });

  it('may be written over wherever its writing ended, but nothing else may', () => {
    const bytes = Buffer.from(writeSidecar(sidecarOf(model, null)));
    for (let length = 0; length <= bytes.length; length += 1) expect(isOurs(bytes.subarray(0, length))).to.equal(true);
    expect(isOurs(Buffer.alloc(444))).to.equal(true);
    for (const other of ['x', '{}', '{"octree": {"path": "room.oct"}}', '\0{', '{\n  "name": "a model"\n}\n'])
      expect(isOurs(Buffer.from(other)), other).to.equal(false);
  });
});

describe('a model', () => {
  const file = { header, modified: 2000, sidecar: null };

  it('fits a file of the same options that is newer than its octree', () => {
    expect(objection(model, file)).to.equal(null);
    for (const modified of [999, model.octree.modified])
      expect(objection(model, { ...file, modified })).to.equal('it is not newer than the octree');
    expect(objection({ ...model, parameters: '-ab 3' }, file)).to.match(
      /^it was made with other options \(.*-ab 1 against -ab 3/,
    );
  });

  it('goes by what the sidecar says', () => {
    const sidecar = sidecarOf(model, 'x');
    expect(objection(model, { ...file, modified: 999, sidecar })).to.equal(null);
    const other = { ...model, octree: { ...model.octree, sha256: 'cd' } };
    expect(objection(other, { ...file, sidecar })).to.equal('it was made for another octree');
  });
});

describe('the name of an ambient file', () => {
  it('is another one for another octree and for other parameters', () => {
    expect(ambientName('ab', '-ab 1')).to.match(/^ambfiles\/[0-9a-f]{16}\.amb$/);
    expect(ambientName('ab', '-ab 1')).to.equal(ambientName('ab', '-ab 1'));
    const names = [ambientName('ab', '-ab 1'), ambientName('ac', '-ab 1'), ambientName('ab', '-ab 2')];
    expect(new Set(names).size).to.equal(3);
  });
});
