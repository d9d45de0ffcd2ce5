import { safe } from './text.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Columns that a text without control characters takes on a terminal. */
export function textWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text cut to at most `width` columns, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const { segment } of graphemes.segment(text)) {
    used += wide.test(segment) ? 2 : 1;
    if (used > width) break;
    kept += segment;
  }
  return width < 1 ? '' : `${kept}…`;
}

/** A column of a table; numbers stand `right`. */
export interface Column {
  head: string;
  align?: 'right';
}

/**
 * Aligned lines, the head first, two blanks between the columns.
 * @param rows cells, from anywhere: made safe here
 * @param width of the terminal in columns; longer lines are cut. Infinity: never
 */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  return new Table(columns, width).add(rows);
}

/** A table that grows: what comes later is aligned as what came before, where it fits. */
export class Table {
  readonly #columns: readonly Column[];
  readonly #width: number;
  #widths: readonly number[] | null = null;

  /** @param width of the terminal in columns; longer lines are cut. Infinity: never */
  constructor(columns: readonly Column[], width: number) {
    this.#columns = columns;
    this.#width = width;
  }

  /** The lines of further rows; the head comes before the first. */
  add(rows: readonly (readonly string[])[]): string[] {
    const head = this.#widths === null ? [this.#columns.map((column) => column.head)] : [];
    const cells = [...head, ...rows.map((row) => row.map(safe))];
    const before = this.#widths;
    const widths = this.#columns.map((_, at) =>
      cells.reduce((most, row) => Math.max(most, textWidth(row[at] ?? '')), before?.[at] ?? 0),
    );
    this.#widths = widths;
    return cells.map((row) => cut(aligned(this.#columns, row, widths), this.#width));
  }
}

function aligned(columns: readonly Column[], row: readonly string[], widths: readonly number[]): string {
  const padded = columns.map(({ align }, at) => {
    const cell = row[at] ?? '';
    const blanks = ' '.repeat((widths[at] ?? 0) - textWidth(cell));
    return align === 'right' ? blanks + cell : cell + blanks;
  });
  return padded.join('  ').trimEnd();
}
