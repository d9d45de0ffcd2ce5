import type { PictureHeader } from './picture-header.ts';
import { requireRoom, scanLines } from './scan-lines.ts';

/**
 * From light to what a screen shows: 8-bit sRGB, three bytes a pixel, rows from the top. A picture whose exposure was
 * set (by pfilt) is shown as it was set; any other so that its average (logarithmic) is a middle grey. Up to 80 % of
 * white nothing is changed; brighter light is rolled off softly.
 */
export function toneMapped(bytes: Uint8Array, header: PictureHeader): Uint8Array {
  requireRoom(bytes, header);
  const gain = header.isExposed ? 1 : autoGain(bytes, header);
  const pixels = new Uint8Array(header.width * header.height * 3);
  const table = screenTable();
  const rgb = new Float64Array(3);
  let number = 0;
  for (const line of scanLines(bytes, header)) {
    for (let index = 0; index < line.length / 4; index += 1) {
      readLight(line, index * 4, header.format, rgb);
      const to = 3 * placeOf(number, index, header);
      for (let component = 0; component < 3; component += 1) {
        pixels[to + component] = screenValue((rgb[component] ?? 0) * gain, table);
      }
    }
    number += 1;
  }
  return pixels;
}

/** Where a pixel of the file belongs in rows from the top. */
function placeOf(line: number, index: number, { width, height, order }: PictureHeader): number {
  const [row, column] = order.rowsFirst ? [line, index] : [index, line];
  return (order.fromTop ? row : height - 1 - row) * width + (order.fromLeft ? column : width - 1 - column);
}

/** Red, green and blue of a pixel; light that is not there gives 0. */
function readLight(line: Uint8Array, at: number, format: 'rgbe' | 'xyze', rgb: Float64Array): void {
  const exponent = line[at + 3] ?? 0;
  const scale = exponent === 0 ? 0 : 2 ** (exponent - 136);
  for (let index = 0; index < 3; index += 1) rgb[index] = exponent === 0 ? 0 : ((line[at + index] ?? 0) + 0.5) * scale;
  if (format === 'rgbe') return;
  const [x = 0, y = 0, z = 0] = rgb;
  // CIE XYZ to linear sRGB.
  rgb[0] = Math.max(0, 3.2406 * x - 1.5372 * y - 0.4986 * z);
  rgb[1] = Math.max(0, -0.9689 * x + 1.8758 * y + 0.0415 * z);
  rgb[2] = Math.max(0, 0.0557 * x - 0.204 * y + 1.057 * z);
}

const middleGrey = 0.18;

function autoGain(bytes: Uint8Array, header: PictureHeader): number {
  const rgb = new Float64Array(3);
  let sum = 0;
  let count = 0;
  for (const line of scanLines(bytes, header)) {
    for (let at = 0; at < line.length; at += 4) {
      readLight(line, at, header.format, rgb);
      const luminance = 0.265 * (rgb[0] ?? 0) + 0.67 * (rgb[1] ?? 0) + 0.065 * (rgb[2] ?? 0);
      if (luminance <= 0) continue;
      sum += Math.log(luminance);
      count += 1;
    }
  }
  return count === 0 ? 1 : middleGrey / Math.exp(sum / count);
}

const knee = 0.8;
const tableSize = 4096;

/** sRGB values of 0 to 1 in equal steps of the square root, where the eye sees steps. */
function screenTable(): Uint8Array {
  return Uint8Array.from({ length: tableSize + 1 }, (_, index) => {
    const light = (index / tableSize) ** 2;
    const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    return Math.round(255 * value);
  });
}

function screenValue(light: number, table: Uint8Array): number {
  const shown = light <= knee ? light : knee + (1 - knee) * (1 - Math.exp((knee - light) / (1 - knee)));
  return table[Math.round(tableSize * Math.sqrt(Math.max(0, shown)))] ?? 255;
}
