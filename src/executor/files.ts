import { close, closeSync, read } from 'node:fs';
import { promisify } from 'node:util';
import type { Project } from '../model/job.ts';
import { Refusal } from '../model/refusal.ts';
import type { Answer } from '../protocol/inner.ts';
import { openRegular } from './below.ts';
import { FileError } from './file-error.ts';
import type { Host } from './host.ts';
import { PngSource } from './png-source.ts';
import { inProject } from './project.ts';

const readAt = promisify(read);
const closeFile = promisify(close);

const PORTION = 256 * 1024;
const MOST_OPEN = 64;

type Opened = Extract<Answer, { kind: 'open' }>;

/** Something that is read portion by portion; an empty portion is its end. */
interface Source {
  next(): Promise<Buffer>;
  close(): Promise<void> | void;
}

/** The files of projects that one server reads, portion by portion as it asks for them. */
export class OpenFiles {
  readonly #sources = new Map<number, Source>();
  #next = 1;
  #opening = 0;
  #closed = false;

  /** @throws Refusal no-such-file; not-ready if too many are open */
  async open(project: Project, path: string, as: 'file' | 'png', host: Host): Promise<Opened> {
    if (this.#sources.size + this.#opening >= MOST_OPEN) {
      throw new Refusal('not-ready', `${MOST_OPEN} files are being read already. Try again later.`);
    }
    this.#opening += 1;
    try {
      const { source, bytes } = await inProject(project, (directory) => openSource(directory, path, as, host));
      if (this.#closed) {
        await source.close();
        throw new Refusal('not-ready', 'The server is gone.');
      }
      const handle = this.#next++;
      this.#sources.set(handle, source);
      return { kind: 'open', handle, bytes };
    } finally {
      this.#opening -= 1;
    }
  }

  /** The next portion; empty at the end. @throws Refusal no-such-file */
  async read(handle: number): Promise<Buffer> {
    const source = this.#sources.get(handle);
    if (!source) throw new Refusal('no-such-file', 'This file is not open.');
    return await source.next();
  }

  async close(handle: number): Promise<void> {
    const source = this.#sources.get(handle);
    this.#sources.delete(handle);
    await source?.close();
  }

  /** For a server that is gone. */
  async closeAll(): Promise<void> {
    this.#closed = true;
    for (const handle of [...this.#sources.keys()]) await this.close(handle);
  }
}

async function openSource(
  directory: number,
  path: string,
  as: 'file' | 'png',
  host: Host,
): Promise<{ source: Source; bytes: number | null }> {
  const { fd, stats } = openFor(directory, path);
  if (as === 'file') return { source: new FileSource(fd, path), bytes: stats.size };
  try {
    return { source: await PngSource.open(path, directory, fd, host), bytes: null };
  } finally {
    closeSync(fd);
  }
}

function openFor(directory: number, path: string): ReturnType<typeof openRegular> {
  try {
    return openRegular(directory, path);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const says = error.code === 'ENOENT' ? `No such file in the project: ${path}.` : `Cannot read ${error.message}.`;
    throw new Refusal('no-such-file', says);
  }
}

class FileSource implements Source {
  readonly #fd: number;
  readonly #path: string;
  #position = 0;
  /** Reads and the close come one after another, however they are asked for. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  next(): Promise<Buffer> {
    const portion = this.#last.then(() => this.#read());
    this.#last = portion.catch(() => {});
    return portion;
  }

  close(): Promise<void> {
    const closed = this.#last.then(async () => {
      if (!this.#closed) await closeFile(this.#fd);
      this.#closed = true;
    });
    this.#last = closed;
    return closed;
  }

  async #read(): Promise<Buffer> {
    if (this.#closed) return Buffer.alloc(0);
    try {
      const { bytesRead, buffer } = await readAt(this.#fd, Buffer.alloc(PORTION), 0, PORTION, this.#position);
      this.#position += bytesRead;
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw new Refusal('no-such-file', `Cannot read ${this.#path}: ${(error as Error).message}.`);
    }
  }
}
