import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { mostPictureBytes, pictureToPng } from '../renderers/radiance/picture.ts';

/**
 * Turns the Radiance picture that is read from one descriptor into a PNG on the other. It has a process of its own
 * (bin/picture.js), which can be ended whatever it was given.
 * @returns the exit status: 0, or 1 with a sentence on standard error
 */
export async function turnPicture(input: number, output: number): Promise<number> {
  try {
    const png = pictureToPng(await readAll(input));
    const stream = createWriteStream('', { fd: output });
    stream.end(png);
    await finished(stream);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function readAll(fd: number): Promise<Buffer> {
  const portions: Buffer[] = [];
  let size = 0;
  for await (const portion of createReadStream('', { fd, highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    size += portion.length;
    if (size > mostPictureBytes) throw new Error('The picture is too large to be shown.');
    portions.push(portion);
  }
  return Buffer.concat(portions);
}
