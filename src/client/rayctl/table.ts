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
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => row.map(safe))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => textWidth(row[at] ?? ''))));
  return cells.map((row) => {
    const padded = columns.map(({ align }, at) => {
      const cell = row[at] ?? '';
      const blanks = ' '.repeat((widths[at] ?? 0) - textWidth(cell));
      return align === 'right' ? blanks + cell : cell + blanks;
    });
    return cut(padded.join('  ').trimEnd(), width);
  });
}
