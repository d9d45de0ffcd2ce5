import { close, closeSync, ftruncate, read, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Cut, leftOutLine, longestNote, noted, restAt } from './log-cut.ts';

const writeAt = promisify(write);
const readAt = promisify(read);
const cutAt = promisify(ftruncate);
const closeFile = promisify(close);

/** What is kept in memory before the file is made, bytes. */
const MOST_PENDING = 64 * 1024;
const written = Promise.resolve();

/**
 * The log of one simulation, made anew. It stays below `limit` bytes: when it would grow past it, the first and the
 * last quarter stay, with one line between them that says how many bytes were left out, and it goes on.
 *
 * The file is made by {@link open}, when there is much to write, or at the end: then with one write, as a thread for
 * each write would cost a small task more than all the rest.
 * A log that cannot be written (a full disk) does not end the simulation: `problem` then says why, once and for all.
 */
export class SimulationLog {
  problem: NodeJS.ErrnoException | null = null;
  readonly #make: () => number;
  readonly #limit: number;
  #fd: number | null = null;
  #pending: (string | Buffer)[] = [];
  #pendingBytes = 0;
  #size = 0;
  /** The front that stays for good, once something was left out. */
  #cut: Cut | null = null;
  #queue: Promise<void> = written;

  /** @param make makes the file and gives its descriptor */
  constructor(make: () => number, limit: number) {
    this.#make = make;
    this.#limit = limit;
  }

  /** Settles when it is written or kept; whoever waits for it takes no more output than the disk does. */
  write(text: string | Buffer): Promise<void> {
    if (this.problem) return written;
    if (this.#fd !== null) return this.#append(typeof text === 'string' ? Buffer.from(text) : text);
    this.#pending.push(text);
    this.#pendingBytes += text.length;
    if (this.#pendingBytes > Math.min(MOST_PENDING, this.#limit)) this.open();
    return this.#queue;
  }

  /** Makes the file, if it is not there yet. */
  open(): void {
    if (this.#fd !== null || !this.#tryTo(() => (this.#fd = this.#make()))) return;
    const all = this.#takePending();
    if (all.length > 0) void this.#append(all);
  }

  /** Calls `deed` while nothing is being written; null: nothing was left out so far. */
  look<T>(deed: (cut: Cut | null) => T): Promise<T> {
    const looked = this.#queue.then(() => deed(this.#cut));
    this.#queue = looked.then(
      () => {},
      () => {},
    );
    return looked;
  }

  /** Settles when everything is written, with the line `last` at its end, and the file is closed. */
  async close(last: string): Promise<void> {
    if (this.#fd === null && this.#pendingBytes + last.length <= this.#limit) {
      this.#pending.push(last);
      this.#tryTo(() => this.#atOnce());
      return;
    }
    this.open();
    const fd = this.#fd;
    if (fd === null) return;
    this.#queue = this.#queue.then(() => this.#finish(fd, last));
    await this.#queue;
    await closeFile(fd).catch((error: NodeJS.ErrnoException) => {
      this.problem ??= error;
    });
  }

  #atOnce(): void {
    const fd = this.#make();
    try {
      const all = this.#takePending();
      for (let done = 0; done < all.length; ) done += writeSync(fd, all, done);
    } finally {
      closeSync(fd);
    }
  }

  #takePending(): Buffer {
    const all = joined(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return all;
  }

  #tryTo(deed: () => void): boolean {
    if (this.problem) return false;
    try {
      deed();
      return true;
    } catch (error) {
      this.problem = error as NodeJS.ErrnoException;
      this.#takePending();
      return false;
    }
  }

  #append(bytes: Buffer): Promise<void> {
    this.#queue = this.#queue.then(() => this.#add(bytes));
    return this.#queue;
  }

  async #add(bytes: Buffer): Promise<void> {
    const fd = this.#fd;
    if (this.problem || fd === null) return;
    try {
      if (this.#size + bytes.length > this.#limit) await this.#leaveOut(fd, bytes);
      else await this.#put(fd, bytes, this.#size);
    } catch (error) {
      this.problem = error as NodeJS.ErrnoException;
    }
  }

  /** The last line notes what was left out, itself included. */
  async #finish(fd: number, last: string): Promise<void> {
    if (this.problem) return;
    try {
      const room = this.#limit - this.#size - longestNote;
      if (Buffer.byteLength(last) > room) await this.#leaveOut(fd, Buffer.alloc(0));
      await this.#put(fd, Buffer.from(this.#cut === null ? last : noted(last, this.#cut)), this.#size);
    } catch (error) {
      this.problem = error as NodeJS.ErrnoException;
    }
  }

  async #put(fd: number, bytes: Buffer, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await writeAt(fd, bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
    this.#size = position + bytes.length;
  }

  async #leaveOut(fd: number, bytes: Buffer): Promise<void> {
    const quarter = Math.floor(this.#limit / 4);
    const before = await this.#get(fd, this.#cut === null ? 0 : restAt(this.#cut));
    let all = Buffer.concat([before, bytes]);
    let head = Buffer.alloc(0);
    if (this.#cut === null) {
      const front = all.subarray(0, quarter);
      // Whole lines, if there are any.
      head = front.subarray(0, front.lastIndexOf('\n') + 1 || front.length);
      all = all.subarray(head.length);
    }
    const kept = lastLines(all, quarter);
    const { head: front, leftOut } = this.#cut ?? { head: head.length, leftOut: 0 };
    const cut = { head: front, leftOut: leftOut + all.length - kept.length };
    const line = Buffer.from(leftOutLine(cut.leftOut));
    await this.#put(fd, Buffer.concat([head, line, kept]), front - head.length);
    await cutAt(fd, this.#size);
    this.#cut = cut;
  }

  /** The file from `position` to its end. */
  async #get(fd: number, position: number): Promise<Buffer> {
    const bytes = Buffer.alloc(this.#size - position);
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await readAt(fd, bytes, done, bytes.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }
}

/** Of a silent program there are only lines of our own. */
function joined(pieces: readonly (string | Buffer)[]): Buffer {
  if (pieces.every((piece) => typeof piece === 'string')) return Buffer.from(pieces.join(''));
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

/** The last `most` bytes, from the beginning of a line on if there is one. */
function lastLines(bytes: Buffer, most: number): Buffer {
  if (bytes.length <= most) return bytes;
  const tail = bytes.subarray(bytes.length - most);
  const lineEnd = tail.subarray(0, -1).indexOf('\n');
  return tail.subarray(lineEnd + 1);
}
