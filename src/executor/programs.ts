import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Whether there is a program that our user may run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Where a PATH leads to the program of this name; null if nowhere. What is not absolute in it depends on the directory. */
export function inPath(name: string, path: string): string | null {
  const places = path.split(':').filter(isAbsolute);
  return places.map((place) => join(place, name)).find(isProgram) ?? null;
}
