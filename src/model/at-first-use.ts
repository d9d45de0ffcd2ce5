/** Makes it at the first call: what takes long and may never be needed. */
export function atFirstUse<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
