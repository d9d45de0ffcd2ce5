import { close, closeSync, ftruncate, read, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';

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
  /** Bytes at the front that stay for good, once something was left out. */
  #head = 0;
  /** Where the tail begins, after the line about what was left out. */
  #tail = 0;
  #leftOut = 0;
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

  /** Settles when everything is written, with `last` at its end, and the file is closed. */
  async close(last: string): Promise<void> {
    void this.write(last);
    if (this.#fd === null) {
      if (!this.problem) this.#tryTo(() => this.#atOnce());
      return;
    }
    const fd = this.#fd;
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
    const before = await this.#get(fd, this.#tail);
    let all = Buffer.concat([before, bytes]);
    let head = Buffer.alloc(0);
    if (this.#leftOut === 0) {
      const front = all.subarray(0, quarter);
      // Whole lines, if there are any.
      head = front.subarray(0, front.lastIndexOf('\n') + 1 || front.length);
      this.#head = head.length;
      all = all.subarray(head.length);
    }
    const kept = lastLines(all, quarter);
    this.#leftOut += all.length - kept.length;
    const line = Buffer.from(`... ${this.#leftOut} bytes left out ...\n`);
    await this.#put(fd, Buffer.concat([head, line, kept]), this.#head - head.length);
    await cutAt(fd, this.#size);
    this.#tail = this.#head + line.length;
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
