import { pipeline, type Readable, Transform } from 'node:stream';
import { Refusal } from '../model/refusal.ts';

/**
 * The path of a result as the job names it.
 * @throws Refusal `malformed` on anything that leads elsewhere.
 */
export function resultPath(path: string): string {
  const parts = path.split('/');
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..') && !path.includes('\0');
  if (!isPlain) throw new Refusal('malformed', 'The path of a result is relative, without empty parts, "." and "..".');
  return path;
}

export function resultHeaders(path: string, as: 'file' | 'png', bytes: number | null): Record<string, string> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    'Content-Type': contentType(name, as),
    'Content-Disposition': disposition(as === 'png' ? `${name.replace(/\.[^.]*$/, '')}.png` : name),
    ...(bytes === null ? {} : { 'Content-Length': String(bytes) }),
  };
}

function contentType(name: string, as: 'file' | 'png'): string {
  if (as === 'png') return 'image/png';
  return /\.(hdr|pic|rgbe|unf)$/i.test(name) ? 'image/vnd.radiance' : 'application/octet-stream';
}

/** RFC 6266: an ASCII name for all, the exact one for those who know better. */
function disposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const exact = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `inline; filename="${ascii}"; filename*=UTF-8''${exact}`;
}

/**
 * The stream, once its first bytes are there, so that a file that cannot be read is a refusal and no empty file; it
 * fails if there are more or fewer bytes than announced: the client then sees a cut connection and not a whole file.
 */
export async function measured(source: Readable, bytes: number | null): Promise<Readable> {
  await firstBytes(source);
  let left = bytes ?? Number.POSITIVE_INFINITY;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(new Error('the file grew while it was read'));
      else done(null, chunk);
    },
    flush(done) {
      done(bytes !== null && left > 0 ? new Error('the file shrank while it was read') : null);
    },
  });
  // An error reaches whoever reads the meter.
  return pipeline(source, meter, () => undefined);
}

function firstBytes(source: Readable): Promise<void> {
  if (source.errored) return Promise.reject(source.errored);
  if (source.readableLength > 0 || source.readableEnded) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      source.off('readable', settle).off('end', settle).off('error', settle).off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onClose = () =>
      settle(source.readableEnded ? undefined : new Error('the file was closed before it was read'));
    source.once('readable', settle).once('end', settle).once('error', settle).once('close', onClose);
  });
}
