import { limits } from '../protocol/api.ts';
import { operations } from '../protocol/operations.ts';
import type { Bounds } from './bounds.ts';
import { type Problem, problem, tooLargeBody } from './problem.ts';

/** The head of a request, as it came. `rawHeaders` holds names and values in turn. */
export interface Head {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

export interface DoorRules {
  /** Names that a client may call us by, in small letters. */
  readonly hosts: readonly string[];
  /** The port that may follow the name; null: any. */
  readonly port: number | null;
  readonly bounds: Bounds;
}

export const tcpHosts = ['localhost', '127.0.0.1', '[::1]'] as const;
export const socketHosts = ['localhost', 'rayserver'] as const;

/**
 * Why a request is turned away before anything else of it is looked at, or null.
 * Host, Origin and Sec-Fetch-Site keep out pages of other sites that a browser here has open: with a name that now
 * leads to our address (DNS rebinding) or without.
 */
export function turnedAway(head: Head, rules: DoorRules): Problem | null {
  const headers = new Headers(head.rawHeaders);
  return (
    tooLarge(head, rules.bounds) ??
    misshapen(head, headers) ??
    foreignHost(headers, rules) ??
    foreignOrigin(headers) ??
    refusedBody(head, headers)
  );
}

/** Header lines by small name, all of them: Node keeps only the first of some. */
class Headers {
  readonly #lines = new Map<string, string[]>();

  constructor(raw: readonly string[]) {
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = (raw[at] ?? '').toLowerCase();
      this.#lines.set(name, [...(this.#lines.get(name) ?? []), raw[at + 1] ?? '']);
    }
  }

  all(name: string): readonly string[] {
    return this.#lines.get(name) ?? [];
  }

  first(name: string): string | undefined {
    return this.all(name)[0];
  }
}

function tooLarge(head: Head, bounds: Bounds): Problem | null {
  if (head.url.length > bounds.urlBytes)
    return problem(414, 'too-large', `The request target is longer than ${bounds.urlBytes} bytes.`);
  if (head.rawHeaders.length / 2 > bounds.headers)
    return problem(431, 'too-large', `The request has more than ${bounds.headers} header lines.`);
  return null;
}

const onlyOnce = [
  'host',
  'origin',
  'authorization',
  'content-type',
  'content-length',
  'idempotency-key',
  'sec-fetch-site',
];

function misshapen(head: Head, headers: Headers): Problem | null {
  if (head.httpVersion !== '1.1') return problem(505, 'malformed', 'Only HTTP/1.1 is spoken here.');
  if (!/^\/[\x21\x22\x24-\x7e]*$/.test(head.url))
    return problem(400, 'malformed', 'The request target is not a path of visible ASCII characters.');
  for (const name of onlyOnce)
    if (headers.all(name).length > 1) return problem(400, 'malformed', `The header ${name} is there more than once.`);
  return null;
}

function foreignHost(headers: Headers, rules: DoorRules): Problem | null {
  const host = headers.first('host');
  if (host === undefined) return problem(400, 'malformed', 'The header Host is missing.');
  const [, name = '', port] = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::([0-9]{1,5}))?$/i.exec(host) ?? [];
  const portIsOurs = port === undefined || rules.port === null || Number(port) === rules.port;
  if (rules.hosts.includes(name.toLowerCase()) && portIsOurs) return null;
  const names = rules.hosts.map((one) => (rules.port === null ? one : `${one}:${rules.port}`)).join(', ');
  return problem(403, 'forbidden-origin', `The Host of this request is foreign; use one of: ${names}.`);
}

function foreignOrigin(headers: Headers): Problem | null {
  const origin = headers.first('origin');
  const site = headers.first('sec-fetch-site');
  const originIsOurs = origin === undefined || origin.toLowerCase() === `http://${headers.first('host')}`.toLowerCase();
  const siteIsOurs = site === undefined || site === 'same-origin' || site === 'none';
  if (originIsOurs && siteIsOurs) return null;
  return problem(403, 'forbidden-origin', 'Pages of other sites may not use this server.');
}

function refusedBody(head: Head, headers: Headers): Problem | null {
  const length = headers.first('content-length');
  const hasBody = headers.first('transfer-encoding') !== undefined || (length !== undefined && Number(length) > 0);
  if (!hasBody) return null;
  if (head.method === 'GET' || head.method === 'HEAD')
    return problem(400, 'malformed', `A ${head.method} request takes no body.`);
  const most = mostOfBody(head);
  if (Number(length ?? 0) > most) return tooLargeBody(most);
  const encoding = headers.first('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    return problem(415, 'malformed', 'Compressed bodies are not taken; send it as it is.');
  return null;
}

function mostOfBody({ method, url }: Head): number {
  const { submitJob } = operations;
  const isSubmit = method === submitJob.method && url.split('?', 1)[0] === submitJob.path;
  return isSubmit ? submitJob.bodyBytes : limits.bodyBytes;
}
