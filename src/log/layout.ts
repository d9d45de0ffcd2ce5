export type Level = 'info' | 'warn' | 'error';

/** Of what strangers may make as long as they like, such as a path, this much is kept, characters. */
const most = 4000;

/**
 * One line of the log, without its newline: local time with its offset, program and process, level, text.
 * `2026-03-01T09:30:00+01:00 rayserver[32332] info: job 7 submitted`
 */
export function formatLine(time: Date, program: string, pid: number, level: Level, text: string): string {
  const kept = text.length > most ? `${text.slice(0, most)}...` : text;
  return `${localTime(time)} ${program}[${pid}] ${level}: ${escapeControls(kept)}`;
}

/** Nobody writes a second line, or to the terminal of a reader, by way of a name that is logged. */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const usual: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
    return usual[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function localTime(time: Date): string {
  const offset = -time.getTimezoneOffset();
  const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const two = (n: number): string => String(Math.floor(Math.abs(n))).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`;
}
