import { close, ftruncate, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { makeFresh } from './below.ts';

const writeAt = promisify(write);
const readAt = promisify(read);
const cutAt = promisify(ftruncate);
const closeFile = promisify(close);

/**
 * The log of one simulation, made anew. It stays below `limit` bytes: when it would grow past it, the first and the
 * last quarter stay, with one line between them that says how many bytes were left out, and it goes on.
 * A log that cannot be written (a full disk) does not end the simulation: `problem` then says why, once and for all.
 */
export class SimulationLog {
  problem: NodeJS.ErrnoException | null = null;
  readonly #fd: number;
  readonly #limit: number;
  #size = 0;
  /** Bytes at the front that stay for good, once something was left out. */
  #head = 0;
  /** Where the tail begins, after the line about what was left out. */
  #tail = 0;
  #leftOut = 0;
  #queue: Promise<void> = Promise.resolve();

  /** @throws NodeJS.ErrnoException if the file cannot be made */
  constructor(directory: number, path: string, limit: number) {
    this.#fd = makeFresh(directory, path);
    this.#limit = limit;
  }

  /** Settles when it is written; whoever waits for it takes no more output than the disk does. */
  write(text: string | Buffer): Promise<void> {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.#queue = this.#queue.then(() => this.#append(bytes));
    return this.#queue;
  }

  /** Settles when everything is written and the file is closed. */
  async close(): Promise<void> {
    await this.#queue;
    await closeFile(this.#fd);
  }

  async #append(bytes: Buffer): Promise<void> {
    if (this.problem) return;
    try {
      if (this.#size + bytes.length > this.#limit) await this.#leaveOut(bytes);
      else await this.#put(bytes, this.#size);
    } catch (error) {
      this.problem = error as NodeJS.ErrnoException;
    }
  }

  async #put(bytes: Buffer, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await writeAt(this.#fd, bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
    this.#size = position + bytes.length;
  }

  async #leaveOut(bytes: Buffer): Promise<void> {
    const quarter = Math.floor(this.#limit / 4);
    const before = await this.#get(this.#tail);
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
    await this.#put(Buffer.concat([head, line, kept]), this.#head - head.length);
    await cutAt(this.#fd, this.#size);
    this.#tail = this.#head + line.length;
  }

  /** The file from `position` to its end. */
  async #get(position: number): Promise<Buffer> {
    const bytes = Buffer.alloc(this.#size - position);
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await readAt(this.#fd, bytes, done, bytes.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }
}

/** The last `most` bytes, from the beginning of a line on if there is one. */
function lastLines(bytes: Buffer, most: number): Buffer {
  if (bytes.length <= most) return bytes;
  const tail = bytes.subarray(bytes.length - most);
  const lineEnd = tail.subarray(0, -1).indexOf('\n');
  return tail.subarray(lineEnd + 1);
}
