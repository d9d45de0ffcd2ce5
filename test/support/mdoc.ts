import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Reads our manual pages (man/, written in mdoc) as far as tests have to: no general mdoc. */

/** The clone: man/, examples/, config/. */
export const top = resolve(import.meta.dirname, '../../..');

export interface Page {
  readonly name: string;
  /** Source without escapes, one line each. */
  readonly lines: readonly string[];
  /** All of it on one line, blanks squeezed. */
  readonly text: string;
  /** Source lines by section; those of a subsection by `SECTION/Subsection` (and not in the section's own). */
  readonly sections: ReadonlyMap<string, readonly string[]>;
}

export function readPage(name: string): Page {
  const lines = readFileSync(join(top, 'man', name), 'utf8')
    .split('\n')
    .map(withoutEscapes);
  const sections = new Map<string, string[]>();
  let section = '';
  let part: string[] = [];
  for (const line of lines) {
    const [, macro, title = ''] = /^\.(Sh|Ss) (.*)$/.exec(line) ?? [];
    if (macro === undefined) {
      part.push(line);
      continue;
    }
    if (macro === 'Sh') section = title;
    part = [];
    sections.set(macro === 'Sh' ? title : `${section}/${title}`, part);
  }
  return { name, lines, text: squeezed(lines), sections };
}

/** The lines of a section, which must be there. */
export function sectionOf(page: Page, title: string): readonly string[] {
  const lines = page.sections.get(title);
  if (!lines) throw new Error(`${page.name} has no section "${title}"; it has ${[...page.sections.keys()].join(', ')}`);
  return lines;
}

/** A section with all its subsections. */
export function wholeSection(page: Page, title: string): readonly string[] {
  return [...page.sections].flatMap(([key, lines]) => (key === title || key.startsWith(`${title}/`) ? lines : []));
}

export function squeezed(lines: readonly string[]): string {
  return lines.join(' ').replace(/\s+/g, ' ');
}

/** The heads of list items, as `.It Sy "text"` or `.It Ic text` has them. */
export function itemsOf(lines: readonly string[], macro: string): string[] {
  return lines.flatMap((line) => {
    const [, quoted, plain] = new RegExp(`^\\.It ${macro} (?:"(.*)"|(.*))$`).exec(line) ?? [];
    const item = quoted ?? plain;
    return item === undefined ? [] : [item];
  });
}

/** Every word that the macro marks, in items and in the text. */
export function marked(lines: readonly string[], macro: string): string[] {
  return lines.flatMap((line) => {
    const [, word] = new RegExp(`^\\.(?:It )?${macro} "?([^" ]+)`).exec(line) ?? [];
    return word === undefined ? [] : [word];
  });
}

/** The texts of literal displays. */
export function displays(lines: readonly string[]): string[] {
  const found: string[] = [];
  let open: string[] | null = null;
  for (const line of lines) {
    if (line.startsWith('.Bd -literal')) open = [];
    else if (line === '.Ed') {
      if (open) found.push(open.join('\n'));
      open = null;
    } else open?.push(line);
  }
  return found;
}

function withoutEscapes(line: string): string {
  return line.replace(/\\(-|e|&|\((?:dq|aq|ga))/g, (_, name: string) => escapes[name] ?? '');
}

const escapes: Readonly<Record<string, string>> = { '-': '-', e: '\\', '&': '', '(dq': '"', '(aq': "'", '(ga': '`' };
