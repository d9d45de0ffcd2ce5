import { type FieldReader, FieldWriter, Frames } from './fields.ts';

/**
 * What procwrap and its spawner say to each other, over one Unix socket (the spawner's descriptor 3). spawner.c and
 * fallback.ts speak the same. Numbers are little-endian.
 *
 *     frame     size u32, of all that follows; type u8; id u32; then the fields of that type
 *     text      size u32, with its NUL; bytes; NUL
 *     texts     count u32; as many texts
 *     place     kind u8: 0 nothing, 1 heard, 2 a file; for a file: path text, device u64, inode u64
 *
 * From procwrap:
 *
 *     1 hello        id = version; mark u64 (mark.ts): the first message, answered by ready
 *     2 environment  id = its number, 0 to 15; variables texts, as NAME=VALUE: replaces the one with this number
 *     3 start        id of the simulation, given until it ended; how u8: 1 it waits for its turn, 2 it gives way when
 *                    it ended: the one that waits longest is started then, 4 it is confined; environment u32; attempt
 *                    text (a variable, or empty); cell u32 (the id of its keeper, 0: none); processes u64, memory u64,
 *                    files u64 (RLIMIT_NPROC, RLIMIT_DATA, RLIMIT_NOFILE, 0: as it is); tasks u64 (0: any); directory
 *                    place; stdin place; stdout place; arguments texts, the program first
 *     4 signal       id; signal u8: 1 TERM, 2 KILL, 3 STOP, 4 CONT; to the group and all that left it
 *     5 credit       id; stream u8 (0 out, 1 err); bytes u32 that were heard
 *     6 go           id: if it waits, it is started now
 *     7 cancel       id: if it waits, it is refused with ECANCELED
 *     8 cell         id; pid u32: this run is bubblewrap, and this process pid 1 of the namespaces that it made. Until
 *                    the run ends they are a cell that others may be started in; answered by opened
 *
 * From the spawner:
 *
 *     1 ready        id = version; pid u32; held u8: what control groups hold a simulation to as a whole, 1 processor
 *                    time, 2 processes, 4 memory; error u32 (errno): why not to all that the given group has, or 0
 *     2 started      id; pid u32
 *     3 refused      id; error u32 (errno); of u8: 0 program, 1 directory, 2 stdin, 3 stdout, 4 the system, 5 the cell
 *     4 output       id; stream u8; bytes to the end of the frame
 *     5 ended        id; how u8: 0 exited, 1 killed by a signal; exit status or signal u32; user u64, system u64
 *                    (microseconds); peak u64 (bytes); out of memory u8: 1 it was ended because all of it together needed
 *                    more than `memory`. Nothing of the simulation is left, and all its output was sent
 *     6 opened       id; error u32 (errno, 0: the cell can be used)
 *
 * A stream has {@link WINDOW} bytes of credit when it starts; what is forwarded is taken from it, and when nothing is
 * left the program waits at its pipe. Only what lies in the pipe at the very end comes without credit.
 * Files and directories are named by path and identity: procwrap cannot hand over descriptors (Node does not send
 * them), and nobody may look into its own (it is undumpable). The spawner opens the path without following links; if
 * something else is there by now the start is refused with ESTALE. In a cell the directory is entered by its path there,
 * and compared as well: a descriptor of an outer directory would be a way out.
 * Where the control group of a simulation is held to numbers of processes and bytes of memory these are `tasks`, which takes
 * the place of `processes` then, and `memory`.
 * Who is confined, as everybody in a cell is, has no capabilities and cannot get any, and calls of the kernel that no
 * renderer needs are refused to it.
 */
export const VERSION = 4;
export const WINDOW = 256 * 1024;
/** Numbers that an environment may have. */
export const ENVIRONMENTS = 16;
/** A frame from procwrap is at most this long: the kernel allows arguments and environment of some MB. */
export const LONGEST_FRAME = 16 * 1024 * 1024;

const WAITS = 1;
const YIELDS = 2;
const CONFINED = 4;

/** A file or directory: where it is and what it is. */
export interface Place {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
}

export interface StartMessage {
  readonly say: 'start';
  readonly id: number;
  /** It is started when another one that yields has ended (unless that was stopped with a signal), or at `go`. */
  readonly waits: boolean;
  readonly yields: boolean;
  readonly environment: number;
  /** Such as `RAYSERVER_ATTEMPT=12.3.1`, or empty. */
  readonly attempt: string;
  readonly confined: boolean;
  /** The id of the run that keeps the cell, or 0 for none. */
  readonly cell: number;
  /** RLIMIT_NPROC, RLIMIT_DATA (bytes) and RLIMIT_NOFILE, or 0 to leave it. */
  readonly processes: number;
  readonly memory: number;
  readonly files: number;
  /** What its control group may have in place of `processes`, or 0 for any number. */
  readonly tasks: number;
  readonly directory: Place;
  readonly stdin: Place | null;
  readonly stdout: Place | 'heard' | null;
  readonly args: readonly string[];
}

export const sends = ['term', 'kill', 'stop', 'continue'] as const;
export type Send = (typeof sends)[number];
export const streams = ['out', 'err'] as const;
export type Stream = (typeof streams)[number];
export const parts = ['program', 'directory', 'stdin', 'stdout', 'system', 'cell'] as const;
export type Part = (typeof parts)[number];

/** What control groups can hold a simulation to, as a whole. */
export const held = ['processor time', 'processes', 'memory'] as const;
export type Held = (typeof held)[number];

export interface Groups {
  readonly held: readonly Held[];
  /** Why it is not all that the given group has; 0 if it is. */
  readonly errno: number;
}

export type ToSpawner =
  | { readonly say: 'hello'; readonly version: number; readonly mark: bigint }
  | { readonly say: 'environment'; readonly number: number; readonly variables: readonly string[] }
  | StartMessage
  | { readonly say: 'signal'; readonly id: number; readonly send: Send }
  | { readonly say: 'credit'; readonly id: number; readonly stream: Stream; readonly bytes: number }
  | { readonly say: 'go' | 'cancel'; readonly id: number }
  | { readonly say: 'cell'; readonly id: number; readonly pid: number };

export type FromSpawner =
  | { readonly say: 'ready'; readonly version: number; readonly pid: number; readonly groups: Groups }
  | { readonly say: 'started'; readonly id: number; readonly pid: number }
  | { readonly say: 'refused'; readonly id: number; readonly errno: number; readonly of: Part }
  | { readonly say: 'output'; readonly id: number; readonly stream: Stream; readonly portion: Buffer }
  | {
      readonly say: 'ended';
      readonly id: number;
      readonly how: 'exit' | 'signal';
      readonly value: number;
      readonly userMicroseconds: number;
      readonly systemMicroseconds: number;
      readonly peakBytes: number;
      readonly outOfMemory: boolean;
    }
  | { readonly say: 'opened'; readonly id: number; readonly errno: number };

export function encodeToSpawner(message: ToSpawner): Buffer {
  switch (message.say) {
    case 'hello':
      return new FieldWriter(1, message.version).u64(message.mark).frame();
    case 'environment':
      return new FieldWriter(2, message.number).texts(message.variables).frame();
    case 'start':
      return encodeStart(message);
    case 'signal':
      return new FieldWriter(4, message.id).u8(sends.indexOf(message.send) + 1).frame();
    case 'credit':
      return new FieldWriter(5, message.id).u8(streams.indexOf(message.stream)).u32(message.bytes).frame();
    case 'go':
      return new FieldWriter(6, message.id).frame();
    case 'cancel':
      return new FieldWriter(7, message.id).frame();
    case 'cell':
      return new FieldWriter(8, message.id).u32(message.pid).frame();
  }
}

export function encodeFromSpawner(message: FromSpawner): Buffer {
  switch (message.say) {
    case 'ready':
      return new FieldWriter(1, message.version)
        .u32(message.pid)
        .u8(held.reduce((bits, one, at) => bits | (message.groups.held.includes(one) ? 1 << at : 0), 0))
        .u32(message.groups.errno)
        .frame();
    case 'started':
      return new FieldWriter(2, message.id).u32(message.pid).frame();
    case 'refused':
      return new FieldWriter(3, message.id).u32(message.errno).u8(parts.indexOf(message.of)).frame();
    case 'output':
      return new FieldWriter(4, message.id).u8(streams.indexOf(message.stream)).bytes(message.portion).frame();
    case 'ended':
      return new FieldWriter(5, message.id)
        .u8(message.how === 'exit' ? 0 : 1)
        .u32(message.value)
        .u64(BigInt(message.userMicroseconds))
        .u64(BigInt(message.systemMicroseconds))
        .u64(BigInt(message.peakBytes))
        .u8(message.outOfMemory ? 1 : 0)
        .frame();
    case 'opened':
      return new FieldWriter(6, message.id).u32(message.errno).frame();
  }
}

/** Messages out of the bytes of a stream; they throw a RangeError where the other end does not keep to the words. */
export const toSpawner = (): Frames<ToSpawner> => new Frames(readToSpawner, LONGEST_FRAME);
export const fromSpawner = (): Frames<FromSpawner> => new Frames(readFromSpawner, LONGEST_FRAME);

function encodeStart(message: StartMessage): Buffer {
  const writer = new FieldWriter(3, message.id);
  writer.u8((message.waits ? WAITS : 0) | (message.yields ? YIELDS : 0) | (message.confined ? CONFINED : 0));
  writer.u32(message.environment).text(message.attempt).u32(message.cell);
  for (const limit of [message.processes, message.memory, message.files, message.tasks]) writer.u64(BigInt(limit));
  for (const place of [message.directory, message.stdin, message.stdout]) {
    if (place === null) writer.u8(0);
    else if (place === 'heard') writer.u8(1);
    else writer.u8(2).text(place.path).u64(place.device).u64(place.inode);
  }
  return writer.texts(message.args).frame();
}

function readToSpawner(type: number, id: number, fields: FieldReader): ToSpawner {
  switch (type) {
    case 1:
      return { say: 'hello', version: id, mark: fields.u64() };
    case 2:
      return { say: 'environment', number: id, variables: fields.texts() };
    case 3:
      return readStart(id, fields);
    case 4:
      return { say: 'signal', id, send: fields.oneOf(sends, 1) };
    case 5:
      return { say: 'credit', id, stream: fields.oneOf(streams), bytes: fields.u32() };
    case 6:
      return { say: 'go', id };
    case 7:
      return { say: 'cancel', id };
    case 8:
      return { say: 'cell', id, pid: fields.u32() };
    default:
      throw new RangeError(`no message has the type ${type}`);
  }
}

function readStart(id: number, fields: FieldReader): StartMessage {
  const how = fields.u8();
  const [waits, yields, confined] = [(how & WAITS) !== 0, (how & YIELDS) !== 0, (how & CONFINED) !== 0];
  const environment = fields.u32();
  const attempt = fields.text();
  const cell = fields.u32();
  const [processes, memory, files] = [Number(fields.u64()), Number(fields.u64()), Number(fields.u64())];
  const limits = { processes, memory, files, tasks: Number(fields.u64()) };
  const directory = readPlace(fields);
  const stdin = readPlace(fields);
  const stdout = readPlace(fields);
  if (directory === null || directory === 'heard') throw new RangeError('a start names no directory');
  if (stdin === 'heard') throw new RangeError('nobody hears standard input');
  const args = fields.texts();
  const words = { say: 'start', id, waits, yields, confined, environment, attempt, cell } as const;
  return { ...words, ...limits, directory, stdin, stdout, args };
}

function readPlace(fields: FieldReader): Place | 'heard' | null {
  const kind = fields.oneOf([null, 'heard', 'file'] as const);
  if (kind !== 'file') return kind;
  return { path: fields.text(), device: fields.u64(), inode: fields.u64() };
}

function readFromSpawner(type: number, id: number, fields: FieldReader): FromSpawner {
  switch (type) {
    case 1:
      // What follows may be something else in another version.
      if (id !== VERSION) throw new RangeError(`it speaks version ${id}`);
      return { say: 'ready', version: id, pid: fields.u32(), groups: readGroups(fields) };
    case 2:
      return { say: 'started', id, pid: fields.u32() };
    case 3:
      return { say: 'refused', id, errno: fields.u32(), of: fields.oneOf(parts) };
    case 4:
      return { say: 'output', id, stream: fields.oneOf(streams), portion: fields.rest() };
    case 5:
      return {
        say: 'ended',
        id,
        how: fields.oneOf(['exit', 'signal'] as const),
        value: fields.u32(),
        userMicroseconds: Number(fields.u64()),
        systemMicroseconds: Number(fields.u64()),
        peakBytes: Number(fields.u64()),
        outOfMemory: fields.oneOf([false, true]),
      };
    case 6:
      return { say: 'opened', id, errno: fields.u32() };
    default:
      throw new RangeError(`no message has the type ${type}`);
  }
}

function readGroups(fields: FieldReader): Groups {
  const bits = fields.u8();
  return { held: held.filter((_, at) => bits & (1 << at)), errno: fields.u32() };
}
