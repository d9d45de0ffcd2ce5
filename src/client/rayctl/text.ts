/** Numbers, times and foreign text as people read them. */

/** Control characters, and those that turn the direction of writing, which can make a line read as another. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/** Text from elsewhere on one line of a terminal: what could act on it is written as `\x1b`. */
export function safe(text: string): string {
  return text.replace(unsafe, escaped);
}

/** The same for text of several lines, whose line ends and tabs stay. */
export function safeLines(text: string): string {
  return text.replace(unsafe, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  );
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** `34 %`; 100 % is for what is done. @param fraction 0 to 1 */
export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100 + 1e-9)} %`;
}

/** `20 s`, `3 min`, `1 h 20 min`, `2 d 3 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2.5 s`; above 100 seconds as a duration. */
export function cpuTime(seconds: number): string {
  return seconds < 100 ? `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s` : duration(seconds);
}

/** `2026-11-22 10:30`, in local time. @param time ISO 8601, or null for the empty text */
export function localTime(time: string | null): string {
  const date = new Date(time ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return '';
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `1 task`, `2 tasks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `812 bytes`, `3.4 MB`. */
export function size(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  if (bytes < 1000) return counted(bytes, 'byte');
  let value = bytes;
  let unit = '';
  for (const next of units) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}
