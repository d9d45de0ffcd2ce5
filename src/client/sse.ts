/** One message of an event stream (WHATWG HTML, "Server-sent events"). `retry` in milliseconds, where it was set. */
export interface StreamEvent {
  event: string;
  data: string;
  id: string | null;
  retry: number | null;
}

/** An event longer than this is not ours, in characters. */
const longestEvent = 16 * 1024 * 1024;

/**
 * Reads an event stream piece by piece. Pieces may be cut anywhere, within a line end, too.
 * Whoever feeds it decodes UTF-8 (with `stream: true`).
 */
export class EventParser {
  #rest = '';
  #skipLineFeed = false;
  #atStart = true;
  #event = '';
  #data: string[] = [];
  #length = 0;
  #id: string | null = null;
  #retry: number | null = null;

  /** The events that this piece completes. @throws RangeError if one does not end in 16 million characters */
  feed(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    for (const line of this.#lines(piece)) {
      if (line !== '') this.#take(line);
      else if (this.#data.length > 0) events.push(this.#finish());
      else this.#event = '';
    }
    if (this.#rest.length + this.#length > longestEvent) throw new RangeError('an event does not end');
    return events;
  }

  /** Lines end in LF, CR or CR LF; a CR at the end of a piece ends its line at once and eats a LF that follows. */
  #lines(piece: string): string[] {
    let text = piece;
    if (this.#atStart && text !== '') {
      this.#atStart = false;
      if (text.startsWith('\ufeff')) text = text.slice(1);
    }
    if (this.#skipLineFeed && text !== '') {
      this.#skipLineFeed = false;
      if (text.startsWith('\n')) text = text.slice(1);
    }
    if (text.endsWith('\r')) this.#skipLineFeed = true;
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  #take(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') {
      this.#data.push(value);
      this.#length += value.length + 1;
    } else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.#retry = Number(value);
  }

  #finish(): StreamEvent {
    const event = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id, retry: this.#retry };
    this.#event = '';
    this.#data = [];
    this.#length = 0;
    return event;
  }
}
