import { readFileSync } from 'node:fs';

/**
 * Whether a file system with this device is mounted where we are. It is not looked at itself: it may hang. Some (btrfs)
 * have devices that are in no mount: of them nothing is known.
 */
export function isMounted(device: bigint, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): boolean {
  const wanted = numbersOf(device);
  return mountinfo.split('\n').some((line) => line.split(' ', 3)[2] === wanted);
}

/** Such as `8:1`: major and minor, as the C library takes them apart. */
function numbersOf(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
