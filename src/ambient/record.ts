/**
 * What a record holds, by position: level of the ray (1 byte), weight, position (3), normal and u direction (a whole
 * number of 4 bytes each), two radii, two gradients of two, directions of light leaks (4 bytes), colours of one byte each
 * and their common exponent. All other numbers are portable floats: a mantissa of 4 bytes, an exponent of one.
 */
const at = { weight: 1, position: 6, normal: 21, tangent: 25, radii: 29, gradients: 39, colours: 63 } as const;
const floatBytes = 5;

/** What Radiance takes for infinite and for zero. */
const huge = 1e10;
const tiny = 1e-6;

/** Of the exponent byte of a float: two to that power, over the greatest mantissa. */
const scales = Float64Array.from({ length: 256 }, (_, byte) => 2 ** ((byte << 24) >> 24) / 0x7fff_ffff);
/** Of the exponent byte of colours: what one step of a colour's byte is worth. */
const steps = Float64Array.from({ length: 256 }, (_, byte) => (byte === 0 ? 0 : 2 ** (byte - 136)));

/**
 * Whether Radiance would take the record: by the rules of its own test (`ambvalOK` in src/rt/ambio.c). One rule more: a
 * smaller radius of almost zero passes that test, and then ends the program that reads it (`avinsert` in ambient.c).
 */
export function isSound(bytes: DataView, record: number, components: number): boolean {
  if (bytes.getInt32(record + at.normal) === 0 || bytes.getInt32(record + at.tangent) === 0) return false;
  const weight = float(bytes, record + at.weight);
  if (!(weight > 0 && weight <= 1)) return false;
  const small = float(bytes, record + at.radii);
  const great = float(bytes, record + at.radii + floatBytes);
  if (!(small > tiny && small < huge && great > 0 && great < huge && small <= great + tiny)) return false;
  return (
    areFinite(bytes, record + at.position, 3) &&
    areFinite(bytes, record + at.gradients, 4) &&
    areColours(bytes, record + at.colours, components)
  );
}

function areFinite(bytes: DataView, first: number, count: number): boolean {
  for (let number = 0; number < count; number += 1)
    if (Math.abs(float(bytes, first + number * floatBytes)) > huge) return false;
  return true;
}

function areColours(bytes: DataView, first: number, components: number): boolean {
  const step = steps[bytes.getUint8(first + components)] ?? 0;
  // The greatest byte is worth less than this, so that hardly any record is looked at byte by byte.
  if (256 * step < huge) return true;
  for (let colour = 0; colour < components; colour += 1)
    if (Math.fround((bytes.getUint8(first + colour) + 0.5) * step) >= huge) return false;
  return true;
}

/** As the program keeps it: in single precision. */
function float(bytes: DataView, position: number): number {
  const mantissa = bytes.getInt32(position);
  if (mantissa === 0) return 0;
  return Math.fround((mantissa + (mantissa > 0 ? 0.5 : -0.5)) * (scales[bytes.getUint8(position + 4)] ?? 0));
}
