import type { Chance } from '../support/chance.ts';

const tokens = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '%',
  '%00',
  '../',
  '\xff',
  '\x80',
  '{',
  '}',
  '[',
  ']',
  '-1',
  '0',
  '1e999',
  '99999999999999999999',
  'HTTP/1.0',
  'HTTP/2.0',
  'chunked',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 9999\r\n',
  'Expect: 100-continue\r\n',
  'Connection: close\r\n',
  'Upgrade: h2c\r\n',
  'Host: evil\r\n',
  '__proto__',
  'null',
  '0\r\n\r\n',
  'POST ',
  'HEAD ',
].map((text) => Buffer.from(text, 'latin1'));

type Change = (bytes: Buffer, chance: Chance, others: readonly Buffer[]) => Buffer;

const cut = (bytes: Buffer, from: number, to: number, between: Buffer = Buffer.alloc(0)) =>
  Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)]);

const changes: readonly Change[] = [
  function flipBit(bytes, chance) {
    const changed = Buffer.from(bytes);
    const at = chance.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << chance.below(8));
    return changed;
  },
  function otherByte(bytes, chance) {
    const changed = Buffer.from(bytes);
    changed[chance.below(changed.length)] = chance.below(256);
    return changed;
  },
  function insertToken(bytes, chance) {
    const at = chance.below(bytes.length + 1);
    return cut(bytes, at, at, chance.oneOf(tokens));
  },
  function overwriteWithToken(bytes, chance) {
    const at = chance.below(bytes.length);
    const token = chance.oneOf(tokens);
    return cut(bytes, at, Math.min(bytes.length, at + token.length), token);
  },
  function removePart(bytes, chance) {
    const at = chance.below(bytes.length);
    return cut(bytes, at, Math.min(bytes.length, at + 1 + chance.below(16)));
  },
  function repeatPart(bytes, chance) {
    const at = chance.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + chance.below(32));
    return cut(bytes, at, at, Buffer.concat(Array(1 + chance.below(20)).fill(part)));
  },
  function truncate(bytes, chance) {
    return bytes.subarray(0, 1 + chance.below(bytes.length));
  },
  function splice(bytes, chance, others) {
    const other = chance.oneOf(others);
    return Buffer.concat([bytes.subarray(0, chance.below(bytes.length)), other.subarray(chance.below(other.length))]);
  },
  function swapLines(bytes, chance) {
    const lines = bytes.toString('latin1').split('\r\n');
    const [a, b] = [chance.below(lines.length), chance.below(lines.length)];
    const kept = lines[a] ?? '';
    lines[a] = lines[b] ?? '';
    lines[b] = kept;
    return Buffer.from(lines.join('\r\n'), 'latin1');
  },
  function repeatLine(bytes, chance) {
    const lines = bytes.toString('latin1').split('\r\n');
    const at = chance.below(lines.length);
    lines.splice(at, 0, ...Array<string>(1 + chance.below(120)).fill(lines[at] ?? ''));
    return Buffer.from(lines.join('\r\n'), 'latin1');
  },
];

/** No request of a flood is longer: what is sent would be mostly filling. */
const longest = 4096;

/** A request changed in one to four places. */
export function mutated(chance: Chance, seeds: readonly Buffer[]): Buffer {
  let bytes = chance.oneOf(seeds);
  for (let times = 1 + chance.below(4); times > 0 && bytes.length > 0; times -= 1) {
    bytes = chance.oneOf(changes)(bytes, chance, seeds).subarray(0, longest);
  }
  return bytes.length === 0 ? Buffer.from('\0') : bytes;
}
