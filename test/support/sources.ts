import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from './mdoc.ts';

/** The texts of all source files, with texts that `+` joins made one. */
export function sources(): string[] {
  const src = join(top, 'src');
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return names.map(source);
}

/** One of them, by its path below src. */
export function source(name: string): string {
  return readFileSync(join(top, 'src', name), 'utf8').replace(/['`]\s*\+\s*['`]/g, '');
}

/** Matches a message as the source has it: where the page has `<name>`, the source has `${...}`, perhaps in quotes. */
export function templateOf(message: string): RegExp {
  return new RegExp(
    message
      .split(/"?<[A-Za-z ]+>"?/)
      .map(quoted)
      .join('"?\\$\\{.+?\\}"?'),
  );
}

/** The text as a regular expression. */
export function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
