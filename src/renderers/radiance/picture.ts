import { longestHeader, mostPixels, readPictureHeader } from './picture-header.ts';
import { encodePng } from './png.ts';
import { toneMapped } from './tone.ts';

/** Most bytes of a picture file that are read: its pixels without any coding, and the header. */
export const mostPictureBytes = 4 * mostPixels + longestHeader;

/**
 * A Radiance picture as PNG.
 * @throws PictureError, a sentence, for anything but a complete picture of at most 100 megapixels
 */
export function pictureToPng(bytes: Uint8Array): Uint8Array {
  const header = readPictureHeader(bytes);
  return encodePng(header.width, header.height, toneMapped(bytes, header));
}
