import { fstatSync, readSync } from 'node:fs';
import { AmbientFile } from '../../ambient/ambient-file.ts';
import { longestHeader, readHeader } from '../../ambient/header.ts';
import { Place } from '../../ambient/place.ts';

/** Whether an ambient file has more than its header: one that was killed early leaves no more. */
export function holdsValues(fd: number): boolean {
  const bytes = Buffer.alloc(longestHeader);
  const header = readHeader(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)));
  return !('problem' in header) && fstatSync(fd).size >= header.start + header.recordBytes;
}

export function fileHoldsValues(directory: number, path: string): boolean {
  const place = new Place(directory, path);
  try {
    const file = AmbientFile.open(place);
    const holds = file !== null && holdsValues(file.fd);
    file?.close();
    return holds;
  } finally {
    place.close();
  }
}
