import { type Problem, problem } from './problem.ts';

/** A body that cannot be taken as JSON. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly problem: Problem;

  constructor(message: string) {
    super(message);
    this.problem = problem(400, 'malformed', message);
  }
}

const quote = 0x22;
const backslash = 0x5c;

/** How deep arrays and objects are nested in the JSON text, at most `limit` + 1: the rest is not looked at. */
export function nesting(bytes: Uint8Array, limit: number): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length && deepest <= limit; at++) {
    const byte = bytes[at];
    if (byte === quote) at = endOfString(bytes, at);
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}

function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === backslash) at++;
    else if (bytes[at] === quote) return at;
  }
  return bytes.length;
}

/**
 * JSON of a request. The nesting is looked at before anything is built from the text, because the parser recurses.
 * @throws BodyError on anything but a JSON text in UTF-8, nested at most `depth` deep, without keys that reach prototypes.
 */
export function parseJson(bytes: Uint8Array, depth: number): unknown {
  if (nesting(bytes, depth) > depth) throw new BodyError(`The body is nested more than ${depth} deep.`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BodyError('The body is not valid UTF-8.');
  }
  if (text.trim() === '') throw new BodyError('The body is empty; JSON was expected.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BodyError(`The body is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  refuseKeys(value);
  return value;
}

const forbiddenKeys = ['__proto__', 'constructor', 'prototype'];

function refuseKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (forbiddenKeys.includes(key)) throw new BodyError(`The key "${key}" is not allowed in the body.`);
    refuseKeys(inner);
  }
}
