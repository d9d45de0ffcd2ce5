import { expect } from 'chai';
import fc from 'fast-check';
import { isSound } from '../../../src/ambient/record.ts';
import { ambientRecord, type RecordValues, usualRecord } from '../../support/ambient.ts';

describe('a record of an ambient file', () => {
  const sound = (values: Partial<RecordValues> = {}, components = 3) => {
    const bytes = ambientRecord(values);
    return isSound(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, components);
  };

  it('is sound as Radiance writes it, with three colours or more', () => {
    expect(sound()).to.equal(true);
    expect(sound({ colours: [1, 2, 3, 4, 5, 6, 7, 8] }, 8)).to.equal(true);
    expect(sound({ colours: [0, 0, 0], exponent: 0 })).to.equal(true);
  });

  const unsound: [string, Partial<RecordValues>][] = [
    ['it has no normal', { normal: 0 }],
    ['it has no u direction', { tangent: 0 }],
    ['its weight is zero', { weight: 0 }],
    ['its weight is below zero', { weight: -0.5 }],
    ['its weight is above one', { weight: 1.001 }],
    ['a radius is zero', { radii: [0, 0.5] }],
    ['a radius is so small that Radiance ends', { radii: [5e-7, 0.5] }],
    ['a radius is below zero', { radii: [-0.1, 0.5] }],
    ['a radius has no bound', { radii: [0.25, 2e10] }],
    ['its radii are the wrong way round', { radii: [0.5, 0.25] }],
    ['it lies infinitely far away', { position: [0, -3e10, 0] }],
    ['the second position has no bound', { position: [0, 0, 3e10] }],
    ['a gradient has no bound', { gradients: [0, 0, 0, 3e10] }],
    ['a colour has no bound', { exponent: 170 }],
    ['one colour alone has no bound', { colours: [0, 255, 0], exponent: 162 }],
  ];
  for (const [why, values] of unsound) it(`is not sound where ${why}`, () => expect(sound(values)).to.equal(false));

  it('is sound up to the bounds', () => {
    expect(sound({ radii: [0.5, 0.5] })).to.equal(true);
    expect(sound({ radii: [0.500_000_5, 0.5] })).to.equal(true);
    expect(sound({ position: [1e10, -1e10, 0], gradients: [9.9e9, 0, 0, 0] })).to.equal(true);
    expect(sound({ colours: [0, 0, 0], exponent: 162 })).to.equal(true);
  });

  it('is not sound if it is nothing but zeroes, nor if one byte is missing before it', () => {
    expect(isSound(new DataView(new ArrayBuffer(67)), 0, 3)).to.equal(false);
    const two = Buffer.concat([ambientRecord(), ambientRecord()]);
    expect(isSound(new DataView(two.buffer, two.byteOffset, two.length), 1, 3)).to.equal(false);
  });

  it('is judged by all of its rules at once', () => {
    const number = fc.oneof(
      fc.integer({ min: -2000, max: 2000 }).map((thousandths) => thousandths / 1000),
      fc.constantFrom(0, 1, 1e-7, 1e-3, 9e9, 2e10, -2e10),
    );
    const values: fc.Arbitrary<RecordValues> = fc.record({
      weight: fc.oneof(number, fc.constant(0.5)),
      position: fc.tuple(number, number, number),
      normal: fc.constantFrom(0, 1, -1, 77, 78),
      tangent: fc.constantFrom(0, 1, -1, 77, 78),
      radii: fc.oneof(fc.tuple(number, number), fc.constant([0.1, 0.2] as const)),
      gradients: fc.tuple(number, number, number, number),
      colours: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 3, maxLength: 3 }),
      exponent: fc.constantFrom(0, 100, 128, 160, 180, 255),
    });
    fc.assert(
      fc.property(values, (all) => {
        expect(sound(all)).to.equal(isAllowed(all));
      }),
      { numRuns: 2000 },
    );
    expect(isAllowed(usualRecord)).to.equal(true);
  });
});

function isAllowed({ weight, position, normal, tangent, radii, gradients, colours, exponent }: RecordValues): boolean {
  const [small, great] = radii;
  const brightest = exponent === 0 ? 0 : ((Math.max(...colours) + 0.5) / 256) * 2 ** (exponent - 128);
  return (
    weight > 0 &&
    weight <= 1 &&
    normal !== 0 &&
    tangent !== 0 &&
    small > 1e-6 &&
    small <= great + 1e-6 &&
    great < 1e10 &&
    [...position, ...gradients].every((value) => Math.abs(value) <= 1e10) &&
    brightest < 1e10
  );
}
