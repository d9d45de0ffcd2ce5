import { crc32, deflateSync } from 'node:zlib';

/**
 * A PNG file.
 * @param pixels 8-bit red, green, blue; rows from the top
 * @throws RangeError if the pixels do not fill the size
 */
export function encodePng(width: number, height: number, pixels: Uint8Array): Uint8Array {
  if (pixels.length !== width * height * 3) throw new RangeError('the pixels do not fill the picture');
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits, true colour, the one compression, the one set of filters, not interlaced.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('sRGB', Buffer.from([0])),
    chunk('IDAT', deflateSync(filtered(width, height, pixels))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Each row as differences to the row above (filter 2): renderings are smooth. */
function filtered(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const stride = width * 3;
  const rows = new Uint8Array((stride + 1) * height);
  for (let row = 0, from = 0, to = 0; row < height; row += 1) {
    rows[to++] = 2;
    for (let index = 0; index < stride; index += 1, from += 1, to += 1) {
      rows[to] = (pixels[from] ?? 0) - (row === 0 ? 0 : (pixels[from - stride] ?? 0));
    }
  }
  return rows;
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(name, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}
