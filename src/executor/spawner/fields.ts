const HEAD = 9;

/** Writes one frame: its head, then field after field. */
export class FieldWriter {
  #buffer = Buffer.allocUnsafe(512);
  #size = HEAD;

  constructor(type: number, id: number) {
    this.#buffer.writeUInt8(type, 4);
    this.#buffer.writeUInt32LE(id, 5);
  }

  u8(number: number): this {
    this.#room(1);
    this.#size = this.#buffer.writeUInt8(number, this.#size);
    return this;
  }

  u32(number: number): this {
    this.#room(4);
    this.#size = this.#buffer.writeUInt32LE(number, this.#size);
    return this;
  }

  u64(number: bigint): this {
    this.#room(8);
    this.#size = this.#buffer.writeBigUInt64LE(number, this.#size);
    return this;
  }

  /** @throws RangeError if the text holds a NUL, at which the kernel would end it */
  text(text: string): this {
    if (text.includes('\0')) throw new RangeError('a text holds a NUL');
    const bytes = Buffer.byteLength(text);
    this.u32(bytes + 1).#room(bytes + 1);
    this.#buffer.write(text, this.#size);
    this.#size = this.#buffer.writeUInt8(0, this.#size + bytes);
    return this;
  }

  texts(texts: readonly string[]): this {
    this.u32(texts.length);
    for (const text of texts) this.text(text);
    return this;
  }

  bytes(bytes: Buffer): this {
    this.#room(bytes.length);
    this.#size += bytes.copy(this.#buffer, this.#size);
    return this;
  }

  frame(): Buffer {
    this.#buffer.writeUInt32LE(this.#size - 4, 0);
    return this.#buffer.subarray(0, this.#size);
  }

  #room(size: number): void {
    if (this.#size + size <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe((this.#size + size) * 2);
    this.#buffer.copy(larger, 0, 0, this.#size);
    this.#buffer = larger;
  }
}

/** Reads the fields of one frame in their order. @throws RangeError where one is missing or impossible */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  u8(): number {
    const value = this.#bytes.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  u32(): number {
    const value = this.#bytes.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  u64(): bigint {
    const value = this.#bytes.readBigUInt64LE(this.#at);
    this.#at += 8;
    return value;
  }

  text(): string {
    const size = this.u32();
    const end = this.#at + size;
    if (size === 0 || end > this.#bytes.length || this.#bytes[end - 1] !== 0) throw new RangeError('a text has no end');
    const text = this.#bytes.toString('utf8', this.#at, end - 1);
    this.#at = end;
    return text;
  }

  texts(): string[] {
    const count = this.u32();
    // Each has at least its size and its NUL.
    if (count > (this.#bytes.length - this.#at) / 5) throw new RangeError('more texts than bytes');
    return Array.from({ length: count }, () => this.text());
  }

  /** One byte that counts through `choices` from `first` on. */
  oneOf<Choice>(choices: readonly Choice[], first = 0): Choice {
    const number = this.u8() - first;
    if (number < 0 || number >= choices.length) throw new RangeError(`no meaning has the number ${number + first}`);
    return choices[number] as Choice;
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}

/** Cuts a stream of bytes into frames. */
export class Frames<Message> {
  readonly #read: (type: number, id: number, fields: FieldReader) => Message;
  readonly #longest: number;
  #parts: Buffer[] = [];
  #size = 0;
  #wanted = HEAD;

  constructor(read: (type: number, id: number, fields: FieldReader) => Message, longest: number) {
    this.#read = read;
    this.#longest = longest;
  }

  /** The messages that are whole now. @throws RangeError if this is not our language */
  push(portion: Buffer): Message[] {
    this.#parts.push(portion);
    this.#size += portion.length;
    if (this.#size < this.#wanted) return [];
    const bytes = this.#parts.length === 1 ? portion : Buffer.concat(this.#parts);
    const messages: Message[] = [];
    let at = 0;
    this.#wanted = HEAD;
    while (bytes.length - at >= HEAD) {
      const size = bytes.readUInt32LE(at);
      if (size < HEAD - 4 || size > this.#longest) throw new RangeError(`a frame of ${size} bytes`);
      this.#wanted = size + 4;
      if (bytes.length - at < this.#wanted) break;
      const fields = new FieldReader(bytes.subarray(at, at + this.#wanted), HEAD);
      messages.push(this.#read(bytes.readUInt8(at + 4), bytes.readUInt32LE(at + 5), fields));
      at += this.#wanted;
      this.#wanted = HEAD;
    }
    this.#parts = [bytes.subarray(at)];
    this.#size = bytes.length - at;
    return messages;
  }
}
