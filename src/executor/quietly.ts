/** For what is worth a try and changes nothing if it fails: the disk may be full, the project gone. */
export function quietly(deed: () => void): void {
  try {
    deed();
  } catch {
    // See above.
  }
}
