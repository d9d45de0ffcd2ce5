import { createHash } from 'node:crypto';

/** Of an ambient file that holds the light of this octree, made with these parameters, and of nothing else. */
export function ambientName(octreeSha256: string, parameters: string): string {
  const hash = createHash('sha256').update(`${octreeSha256} ${parameters}`).digest('hex');
  return `ambfiles/${hash.slice(0, 16)}.amb`;
}
