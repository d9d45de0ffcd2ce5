/** Malformed requests as bytes: families that vary one thing, and the known tricks written by hand. */

export interface Hostile {
  readonly what: string;
  readonly bytes: Buffer;
}

type Part = string | Buffer | readonly number[];

/** @param bearer the header line with the token, or none */
export function corpus(bearer: string | null): Hostile[] {
  const known = bearer === null ? [] : [bearer];
  const head = ['Host: localhost', ...known];
  const all: Hostile[] = [
    ...strangeProtocols(),
    ...requestLines(head),
    ...targets(head),
    ...headerLines(known),
    ...lengths(head),
    ...chunks(head),
    ...smuggled(head),
    ...bodies(head),
    ...numbers(head),
    ...halves(head),
    ...pipelines(head),
  ];
  return all;
}

/** Requests that are in order: what mutations start from. Job 999999999 is nobody's. */
export function wellFormed(bearer: string | null): Buffer[] {
  const head = ['Host: localhost', ...(bearer === null ? [] : [bearer])];
  const get = (path: string, ...more: string[]) => message(`GET ${path} HTTP/1.1`, [...head, ...more]);
  return [
    get('/healthz'),
    get('/api/v1/server'),
    get('/api/v1/jobs?limit=1'),
    get('/api/v1/jobs?state=running&before=999999999&limit=2'),
    get('/api/v1/jobs/999999999'),
    get('/api/v1/jobs/999999999/tasks?after=0&limit=10'),
    get('/api/v1/jobs/999999999/log?task=1&offset=0'),
    get('/api/v1/jobs/999999999/events', 'Last-Event-ID: 1'),
    get('/api/v1/jobs/999999999/results/images/a.hdr?as=png', 'Accept: image/png'),
    get('/api/v1/hosts', 'Origin: http://localhost', 'Sec-Fetch-Site: same-origin'),
    message('HEAD /openapi.json HTTP/1.1', head),
    post(head, '/api/v1/jobs', submit, 'Idempotency-Key: hostile'),
    post(head, '/api/v1/jobs', JSON.stringify({ ...JSON.parse(submit), views: ['a'], priority: 5, force: true })),
    post(head, '/api/v1/jobs/999999999/cancel', ''),
    message('POST /api/v1/jobs HTTP/1.1', [...head, json, 'Transfer-Encoding: chunked'], chunked(submit)),
  ];
}

const json = 'Content-Type: application/json';
const submit = '{"kind":"radiance","project":{"path":"/nonexistent/project"},"rif":"a.rif"}';
const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

function message(first: string, headers: readonly string[], body: Part = ''): Buffer {
  return join([`${[first, ...headers].join('\r\n')}\r\n\r\n`, body]);
}

function post(head: readonly string[], path: string, body: Part, ...more: string[]): Buffer {
  const length = join([body]).length;
  return message(`POST ${path} HTTP/1.1`, [...head, json, `Content-Length: ${length}`, ...more], body);
}

/** Text is taken byte by byte (latin1), so that any byte can be written. */
function join(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part as Buffer))),
  );
}

function named(family: string, all: Readonly<Record<string, Part>>): Hostile[] {
  return Object.entries(all).map(([what, bytes]) => ({ what: `${family}: ${what}`, bytes: join([bytes]) }));
}

function each(family: string, values: readonly string[], make: (value: string) => Part): Hostile[] {
  return values.map((value) => ({
    what: `${family}: ${JSON.stringify(value.slice(0, 40))}`,
    bytes: join([make(value)]),
  }));
}

function strangeProtocols(): Hostile[] {
  return named('no HTTP', {
    nothing: '',
    'a NUL': '\0',
    zeros: Buffer.alloc(4096),
    'all ones': Buffer.alloc(4096, 0xff),
    'every byte': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    'line ends only': '\r\n'.repeat(5000),
    'line feeds only': '\n'.repeat(5000),
    'carriage returns only': '\r'.repeat(5000),
    blanks: ' '.repeat(5000),
    garbage: 'GARBAGE\r\n\r\n',
    'a TLS 1.2 greeting': Buffer.from('16030100a5010000a10303', 'hex'),
    'a TLS 1.3 greeting': join([Buffer.from('16030102000100', 'hex'), Buffer.alloc(512, 0x5a)]),
    'an SSL 2 greeting': Buffer.from('802e0100020015000000100100800700c00300800600400200800400800000', 'hex'),
    'a TLS alert': Buffer.from('15030300020228', 'hex'),
    'an HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'an HTTP/2 preface with settings': join(['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [0, 0, 0, 4, 0, 0, 0, 0, 0]]),
    'an HTTP/2 frame': [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 255, 255],
    'an SSH greeting': 'SSH-2.0-OpenSSH_9.2\r\n',
    'the nine bytes that end a net-ipc server': [1, 0, 0, 0, 4, 0x7b, 0x22, 0x22, 0x7d],
    'a net-ipc frame without end': [2, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0],
    'a PostgreSQL greeting': [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f],
    'an SMTP greeting': 'EHLO evil.example\r\nMAIL FROM:<a@b>\r\n',
    'a Redis command': '*1\r\n$8\r\nFLUSHALL\r\n',
    'a memcached command': 'set a 0 0 1\r\nb\r\n',
    'an FTP login': 'USER root\r\nPASS root\r\n',
    'a SOCKS 5 greeting': [5, 1, 0],
    'a SOCKS 4 request': [4, 1, 0, 80, 127, 0, 0, 1, 0],
    'a WebSocket frame': [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
    'a PROXY line': 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'a PROXY 2 header': join([Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex'), Buffer.alloc(12, 1)]),
    'an RTSP request': 'OPTIONS rtsp://localhost/ RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    'a SIP request': 'REGISTER sip:a SIP/2.0\r\n\r\n',
    'an ICY request': 'SOURCE / ICE/1.0\r\n\r\n',
    'an HTTP answer': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'a shell': '; cat /etc/passwd\n',
    'terminal escapes': '\x1b]0;owned\x07\x1b[2J\r\n\r\n',
    'a UTF-16 request': Buffer.from('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', 'utf16le'),
    'a byte order mark first': join([[0xef, 0xbb, 0xbf], 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n']),
  });
}

function requestLines(head: readonly string[]): Hostile[] {
  const methods = [
    'get',
    'FETCH',
    'PUT',
    'DELETE',
    'PATCH',
    'TRACE',
    'TRACK',
    'OPTIONS',
    'PROPFIND',
    'MKCOL',
    'COPY',
    'LOCK',
    'PURGE',
    'M-SEARCH',
    'SUBSCRIBE',
    'LINK',
    'QUERY',
    'CONNECT',
    'G',
    'GETT',
    'G\0T',
    'GE T',
    'G\xc9T',
    'GET\t',
    '',
  ];
  const versions = [
    'HTTP/0.9',
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/1.10',
    'HTTP/2.0',
    'HTTP/3.0',
    'HTTP/1',
    'HTTP/1.',
    'HTTP/.1',
    'HTTP/11',
    'HTTP/-1.1',
    'http/1.1',
    'HTTPS/1.1',
    'HTTP /1.1',
    'HTTP/1.1 ',
    'HTTP/1.1\t',
    'HTTP/1.1x',
    'HTTP/1,1',
    'HTTP/\xb9.1',
    'ICE/1.0',
    '',
  ];
  const lines = [
    'GET',
    'GET ',
    'GET /healthz',
    ' GET /healthz HTTP/1.1',
    'GET  /healthz HTTP/1.1',
    'GET\t/healthz\tHTTP/1.1',
    'GET /healthz  HTTP/1.1',
    'GET /healthz HTTP/1.1\r',
    'GET /heal thz HTTP/1.1',
    'GET /heal\0thz HTTP/1.1',
    'GET /heal\x7fthz HTTP/1.1',
    'GET /healthz\x0bHTTP/1.1',
    'GET /healthz\xa0HTTP/1.1',
    `GET /${'a'.repeat(8191)} HTTP/1.1`,
    `GET /${'a'.repeat(20_000)} HTTP/1.1`,
    `${'A'.repeat(20_000)} / HTTP/1.1`,
    'GET /healthz HTTP/1.1 HTTP/1.1',
  ];
  return [
    ...each('method', methods, (method) => message(`${method} /api/v1/jobs HTTP/1.1`, head)),
    ...each('version', versions, (version) => message(`GET /healthz ${version}`, head)),
    ...each('request line', lines, (line) => message(line, head)),
  ];
}

function targets(head: readonly string[]): Hostile[] {
  const up = [
    '../../etc/passwd',
    '..%2f..%2fetc/passwd',
    '%2e%2e/%2e%2e/etc/passwd',
    '..%5c..%5cetc',
    '....//....//etc/passwd',
    '%252e%252e%252fetc',
    '..;/..;/etc',
    '%c0%ae%c0%ae/etc/passwd',
    '%e0%80%ae%e0%80%ae/etc',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'a%00.hdr',
    'a%0a.hdr',
    'a%0d%0aSet-Cookie:%20a',
    'a/./b',
    'a//b',
    'a/',
    '.',
    '..',
    '%2e',
    'a\\b',
    'con',
    'proc/self/environ',
    '%ff',
    '%ed%a0%80',
    '%f4%90%80%80',
    'x'.repeat(4097),
    'x/'.repeat(2000),
    '%',
    '%z',
    '%2',
    '%%30%30',
    '%u002e',
    '?as=exe',
    'a?as=png&as=png',
    'a?as=',
    'a?as[]=png',
    'a?__proto__[as]=png',
  ];
  const paths = [
    '*',
    'http://localhost/healthz',
    'http://evil.example/healthz',
    'https://localhost/healthz',
    '//evil.example/healthz',
    'healthz',
    '/healthz#fragment',
    '/healthz/',
    '/HEALTHZ',
    '/healthz/../api/v1/jobs',
    '/api/v1/../../healthz',
    '/api/v1//jobs',
    '/api//v1/jobs',
    '/api/v1/jobs/1/../2',
    '/api/v1/jobs;a=b',
    '/api/v1/jobs%2f1',
    '/api/v1/%6aobs',
    '/api/v1/jobs/__proto__',
    '/api/v1/jobs/constructor',
    '/__proto__',
    '/toString',
    '/\xff\xfe',
    '/\u{7f}',
    '/%00',
    '/%',
    '/%zz',
    '/%ff',
    '/?',
    '/??',
    '/?&&&&',
    `/?${'a=b&'.repeat(2000)}`,
    `/?${'%41'.repeat(2500)}`,
    '/\\',
    '/\\evil',
    '/.',
    '/..',
    '/favicon.ico',
    '/.git/config',
    '/wp-login.php',
    '/cgi-bin/sh',
    '/server-status',
    '/api/v1/jobs?state[]=done',
    '/api/v1/jobs?state=done&state=failed',
    '/api/v1/jobs?__proto__=1',
    '/api/v1/jobs?limit=1;before=2',
    '/api/v1/jobs?limit=%31%00',
    '/api/v1/jobs?limit',
    '/api/v1/jobs?=1',
    '/api/v1/jobs?limit=1#',
    '/openapi.json?x=1',
    '/metrics/../healthz',
  ];
  return [
    ...each('result', up, (path) => message(`GET /api/v1/jobs/1/results/${path} HTTP/1.1`, head)),
    ...each('target', paths, (path) => message(`GET ${path} HTTP/1.1`, head)),
  ];
}

function headerLines(known: readonly string[]): Hostile[] {
  const get = 'GET /api/v1/jobs HTTP/1.1';
  const hosts = [
    '',
    ' ',
    'evil.example',
    'localhost.evil.example',
    'evil.example:9182',
    'localhost:1',
    'localhost:99999',
    'localhost:',
    'localhost:80:80',
    'localhost, evil.example',
    'local host',
    'localhost\t',
    '[::1',
    '[::ffff:127.0.0.1]',
    '127.1',
    '0x7f.1',
    '2130706433',
    'localhost/',
    'user@localhost',
    'localhost#',
    'LOCALHOST.',
    '\xff',
    '\0',
    '::1',
    '0.0.0.0',
  ];
  const lines = [
    ': x',
    ':',
    'X-A',
    'X A: b',
    'X-A : b',
    ' X-A: b',
    '\tX-A: b',
    'X-A: b\r\n folded',
    'X-A: b\r\n\tfolded',
    'X-A: b\rX-B: c',
    'X-A: b\nX-B: c',
    'X-\0A: b',
    'X-A: \0',
    'X-A: \x01',
    'X-A: \x7f',
    'X-\xc4: b',
    'X-A: \xc4',
    'X(A): b',
    'X"A": b',
    'X{A}: b',
    '=: b',
    `X-A: ${'a'.repeat(16_000)}`,
    `X-A: ${'a'.repeat(100_000)}`,
    `${'a'.repeat(20_000)}: b`,
    'Host: localhost',
    'Host: evil.example',
    'host: localhost',
    'HOST : localhost',
    'Authorization: Bearer x',
    'Authorization: Basic cm9vdDpyb290',
    'Authorization: Bearer',
    'Authorization: Bearer \xff',
    'Authorization: bearer a b',
    `Authorization: Bearer ${'x'.repeat(10_000)}`,
    'Origin: null',
    'Origin: http://evil.example',
    'Origin: file://',
    'Origin: http://localhost\r\nOrigin: http://evil.example',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-site',
    'Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site',
    'Expect: 100-continue',
    'Expect: 200-ok',
    'Expect: 100-continue, 100-continue',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    'Upgrade: TLS/1.0\r\nConnection: Upgrade',
    'Connection: close, close',
    'Connection: keep-alive\r\nConnection: close',
    'Connection: host',
    'Connection: authorization',
    'Keep-Alive: timeout=999999, max=999999',
    'Proxy-Connection: keep-alive',
    'Trailer: Host',
    'TE: trailers',
    'X-Forwarded-For: 127.0.0.1',
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /healthz',
    'Forwarded: for=127.0.0.1',
    'Range: bytes=0-18446744073709551615',
    'Range: bytes=-1,0-,1-',
    'If-None-Match: *',
    'Accept: */*;q=1e999',
    `Cookie: ${'a=b; '.repeat(2000)}`,
    'Last-Event-ID: -1',
    'Accept-Encoding: gzip;q=x',
    'Content-Encoding: gzip',
    '__proto__: x',
    'constructor: x',
    'hasOwnProperty: x',
  ];
  const many = (count: number) => Array.from({ length: count }, (_, at) => `X-${at}: x`);
  return [
    ...each('host', hosts, (host) => message(get, [`Host: ${host}`, ...known])),
    ...each('header', lines, (line) => message(get, ['Host: localhost', ...known, line])),
    ...named('headers', {
      none: message(get, []),
      '101': message(get, ['Host: localhost', ...many(101)]),
      '1000': message(get, ['Host: localhost', ...many(1000)]),
      '5000 small ones': message(get, ['Host: localhost', ...Array(5000).fill('a:')]),
      'one 99 times': message(get, ['Host: localhost', ...Array(99).fill('Accept: a')]),
      'hosts 50 times': message(get, Array(50).fill('Host: localhost')),
      'tokens twice': message(get, ['Host: localhost', ...known, 'Authorization: Bearer other']),
      'bare line feeds': `${get}\nHost: localhost\n\n`,
      'carriage returns for ends': `${get}\rHost: localhost\r\r`,
      'an end in disguise': `${get}\r\nHost: localhost\r\n\r\r\n\n`,
      'no blank line': `${get}\r\nHost: localhost\r\n`,
    }),
  ];
}

function lengths(head: readonly string[]): Hostile[] {
  const values = [
    'x',
    '',
    ' ',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x10',
    '010',
    '1,1',
    '1, 2',
    '1 1',
    '1;',
    '\t5',
    '5\0',
    '65537',
    '99999999',
    '4294967296',
    '9007199254740993',
    '18446744073709551615',
    '18446744073709551616',
    '9'.repeat(100),
    '9'.repeat(10_000),
    'Infinity',
    'NaN',
    '\xb2',
    '0\r\nContent-Length: 5',
    '5\r\nContent-Length: 5',
    '5\r\ncontent-length: 6',
    '5\r\nTransfer-Encoding: chunked',
    '5\r\nTransfer-Encoding: identity',
  ];
  return [
    ...each('length', values, (value) =>
      message('POST /api/v1/jobs HTTP/1.1', [...head, json, `Content-Length: ${value}`], submit),
    ),
    ...each('length on GET', ['5', '99999', '-1'], (value) =>
      message('GET /api/v1/jobs HTTP/1.1', [...head, `Content-Length: ${value}`], 'hello'),
    ),
    ...each('length too long', ['76', '100', '65536'], (value) =>
      message('POST /api/v1/jobs HTTP/1.1', [...head, json, `Content-Length: ${value}`], submit),
    ),
    ...each('length too short', ['0', '1', '74'], (value) =>
      message('POST /api/v1/jobs HTTP/1.1', [...head, json, `Content-Length: ${value}`], submit),
    ),
  ];
}

function chunks(head: readonly string[]): Hostile[] {
  const codings = [
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'identity',
    'Chunked',
    'xchunked',
    'chunked;q=1',
    ' chunked',
    '\x0bchunked',
    'chunked\0',
    '"chunked"',
    'chunked,',
    ',chunked',
    'c\xc4unked',
    'chunked\r\nTransfer-Encoding: chunked',
    'chunked\r\nTransfer-Encoding: gzip',
  ];
  const texts = [
    'zz\r\n{}\r\n0\r\n\r\n',
    '-1\r\n{}\r\n0\r\n\r\n',
    '+2\r\n{}\r\n0\r\n\r\n',
    ' 2\r\n{}\r\n0\r\n\r\n',
    '0x2\r\n{}\r\n0\r\n\r\n',
    '2 \r\n{}\r\n0\r\n\r\n',
    '2\n{}\n0\n\n',
    '2\r{}\r0\r\r',
    '\r\n2\r\n{}\r\n',
    '2\r\n{}0\r\n\r\n',
    '2\r\n{}xx0\r\n\r\n',
    '1\r\n{}\r\n0\r\n\r\n',
    '3\r\n{}\r\n0\r\n\r\n',
    'ffffffffffffffff\r\n{}',
    'fffffffffffffffff\r\n{}',
    '7fffffffffffffff\r\n{}',
    '80000000\r\n{}',
    `${'0'.repeat(20_000)}2\r\n{}\r\n0\r\n\r\n`,
    `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
    '2;a=b;c="d\r\n"\r\n{}\r\n0\r\n\r\n',
    '2;\0\r\n{}\r\n0\r\n\r\n',
    '2;a\n{}\r\n0\r\n\r\n',
    `${'1;a=b\r\n \r\n'.repeat(3000)}0\r\n\r\n`,
    `${'1\r\n \r\n'.repeat(70_000)}0\r\n\r\n`,
    '2\r\n{}\r\n0\r\nHost: evil.example\r\n\r\n',
    '2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n',
    '2\r\n{}\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n',
    `2\r\n{}\r\n0\r\n${'X-A: b\r\n'.repeat(3000)}\r\n`,
    `2\r\n{}\r\n0\r\nX: ${'a'.repeat(30_000)}\r\n\r\n`,
    '2\r\n{}\r\n0\r\n: x\r\n\r\n',
    '2\r\n{}\r\n0\r\n\0\r\n\r\n',
    '0\r\n\r\n',
    '0\r\n',
    '',
    '00000000\r\n\r\n',
    `10001\r\n${' '.repeat(65_537)}\r\n0\r\n\r\n`,
  ];
  const send = (coding: string, body: string) =>
    message('POST /api/v1/jobs HTTP/1.1', [...head, json, `Transfer-Encoding: ${coding}`], body);
  return [
    ...each('transfer coding', codings, (coding) => send(coding, chunked(submit))),
    ...each('chunk', texts, (text) => send('chunked', text)),
  ];
}

/** Two parsers may see other borders in these; ours must see one request or none. */
function smuggled(head: readonly string[]): Hostile[] {
  const inner = message('POST /api/v1/jobs/1/cancel HTTP/1.1', [...head, 'Content-Length: 0']).toString('latin1');
  const outer = (lines: readonly string[], body: string) =>
    message('POST /api/v1/examine HTTP/1.1', [...head, json, ...lines], body);
  const pairs: readonly (readonly string[])[] = [
    ['Content-Length: 4', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 4'],
    ['Content-Length: 0', 'Content-Length: 44'],
    ['Content-Length: 0', 'Content-length: 44'],
    ['Content-Length : 44'],
    ['Content-Length: 0,44'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding:\tchunked'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: x'],
    ['Transfer-Encoding\n: chunked'],
    ['X: x\nTransfer-Encoding: chunked'],
    ['X: x\rContent-Length: 44'],
    ['Transfer_Encoding: chunked', 'Content-Length: 0'],
    ['\0Transfer-Encoding: chunked', 'Content-Length: 0'],
    ['Content-Length: 00', 'Transfer-Encoding: identity'],
  ];
  const texts = [`0\r\n\r\n${inner}`, `4\r\n{}  \r\n0\r\n\r\n${inner}`];
  return pairs.flatMap((lines) =>
    texts.map((text, at) => ({ what: `smuggled ${at}: ${lines.join(' | ').slice(0, 60)}`, bytes: outer(lines, text) })),
  );
}

function bodies(head: readonly string[]): Hostile[] {
  const request = JSON.parse(submit) as object;
  const changed = (change: object) => JSON.stringify({ ...request, ...change });
  const texts: Readonly<Record<string, Part>> = {
    blank: ' ',
    'a list': `[${submit}]`,
    'a text': '"radiance"',
    null: 'null',
    true: 'true',
    'a number': '1e999',
    'half of it': submit.slice(0, 40),
    'and more': `${submit}${submit}`,
    'a comment': `/* */${submit}`,
    'one quote': '"',
    'a comma too many': `${submit.slice(0, -1)},}`,
    'single quotes': submit.replaceAll('"', "'"),
    NaN: '{"kind":NaN}',
    'lists 9 deep': `${'['.repeat(9)}${']'.repeat(9)}`,
    'lists 60,000 deep': '['.repeat(60_000),
    'objects 10,000 deep': '{"a":'.repeat(10_000),
    'lists closed only': ']'.repeat(1000),
    'quotes only': '"'.repeat(60_000),
    'backslashes only': `"${'\\'.repeat(60_000)}`,
    'escapes without end': `"${'\\u'.repeat(20_000)}"`,
    'a lone surrogate': '{"kind":"\\ud800"}',
    'no UTF-8': [0x7b, 0x22, 0xff, 0x22, 0x7d],
    'overlong UTF-8': [0x22, 0xc0, 0xaf, 0x22],
    'a surrogate in UTF-8': [0x22, 0xed, 0xa0, 0x80, 0x22],
    'UTF-16': Buffer.from(submit, 'utf16le'),
    'a byte order mark': join([[0xef, 0xbb, 0xbf], submit]),
    'a NUL inside': submit.replace('a.rif', 'a\0.rif'),
    'a NUL behind': `${submit}\0`,
    __proto__: `${submit.slice(0, -1)},"__proto__":{"force":true}}`,
    constructor: '{"constructor":{"prototype":{"a":1}}}',
    '__proto__ escaped': `${submit.slice(0, -1)},"\\u005f_proto__":{"force":true}}`,
    prototype: changed({ prototype: 1 }),
    '10,000 keys': JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`k${at}`, at]))),
    'the same key twice': submit.replace('{', '{"kind":"other",'),
    'an unknown key': changed({ shell: 'sh' }),
    'an unknown kind': changed({ kind: 'sh' }),
    'a number of 60,000 digits': `{"priority":${'9'.repeat(60_000)}}`,
    'a project that is a text': changed({ project: '/p' }),
    'a project with a NUL': changed({ project: { path: '/tmp/\0' } }),
    'an empty path': changed({ project: { path: '' } }),
    'a path of 5000 letters': changed({ project: { path: '/a'.repeat(2500) } }),
    'a relative path': changed({ project: { path: '../..' } }),
    'the root': changed({ project: { path: '/' } }),
    'a device': changed({ project: { path: '/dev/zero' } }),
    proc: changed({ project: { path: '/proc/self/fd' } }),
    'an unknown location': changed({ project: { location: 'nowhere', path: 'a' } }),
    'a location that climbs': changed({ project: { location: '..', path: '../a' } }),
    'a rif that climbs': changed({ rif: '../../etc/passwd' }),
    'a rif with options': changed({ rif: '-o' }),
    'a rif with a command': changed({ rif: '!sh' }),
    'a rif with line ends': changed({ rif: 'a\nb' }),
    '257 views': changed({ views: Array(257).fill('v') }),
    'views that are numbers': changed({ views: [1] }),
    'a view with options': changed({ views: ['-vf', '!sh'] }),
    '65 variables': changed({ set: Array(65).fill({ variable: 'A', value: 'b' }) }),
    'a variable with a command': changed({ set: [{ variable: 'render', value: '`sh`' }] }),
    'a variable with a blank': changed({ set: [{ variable: 'a b', value: 'c' }] }),
    'a value with line ends': changed({ set: [{ variable: 'UP', value: 'Z\nscene= !sh' }] }),
    'a priority of 1e308': changed({ priority: 1e308 }),
    'a priority of 1.5': changed({ priority: 1.5 }),
    'a priority as text': changed({ priority: '5' }),
    'force as text': changed({ force: 'true' }),
    'a name of 201 letters': changed({ name: 'n'.repeat(201) }),
    'an empty name': changed({ name: '' }),
    'a name with escapes': changed({ name: '\x1b[2J' }),
    'a body beyond the bound': ' '.repeat(65_537),
    'a body far beyond it': ' '.repeat(1_000_000),
  };
  const types = [
    '',
    'text/plain',
    'application/jsonx',
    'json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json;;;',
    'application/json, text/plain',
    '\xff',
    'a'.repeat(8000),
  ];
  const keys = ['', ' ', 'a b', '\xff', 'a'.repeat(201), 'a\r\nIdempotency-Key: b', '\0', '\x1b'];
  return [
    ...Object.entries(texts).map(([what, text]) => ({
      what: `body: ${what}`,
      bytes: post(head, '/api/v1/jobs', text),
    })),
    ...each(
      'examine',
      [
        '{"directory":7}',
        '{"directory":""}',
        '{"directory":"\\u0000"}',
        '{"x":1}',
        '[]',
        '{"directory":"/proc/1/root"}',
      ],
      (text) => post(head, '/api/v1/examine', text),
    ),
    ...each('content type', types, (type) =>
      message(
        'POST /api/v1/jobs HTTP/1.1',
        [...head, `Content-Type: ${type}`, `Content-Length: ${submit.length}`],
        submit,
      ),
    ),
    ...each('idempotency key', keys, (key) => post(head, '/api/v1/jobs', submit, `Idempotency-Key: ${key}`)),
  ];
}

function numbers(head: readonly string[]): Hostile[] {
  const values = [
    '0',
    '-1',
    '-0',
    '+1',
    '1.0',
    '1e0',
    '0x1',
    '01',
    '1_0',
    '%31',
    '%00',
    '9007199254740992',
    '99999999999999999999',
    '9'.repeat(400),
    'NaN',
    'Infinity',
    'null',
    'true',
    '[]',
    '1,2',
    '1;2',
    '\xb2',
    'one',
    '%20',
  ];
  const paths = ['/api/v1/jobs/@', '/api/v1/jobs/@/tasks', '/api/v1/jobs?before=@', '/api/v1/jobs/1/tasks?after=@'];
  return paths.flatMap((path) =>
    each(`number in ${path}`, values, (value) => message(`GET ${path.replace('@', value)} HTTP/1.1`, head)),
  );
}

/** They end in the middle. */
function halves(head: readonly string[]): Hostile[] {
  const whole = post(head, '/api/v1/jobs', submit);
  const cuts = Array.from({ length: 24 }, (_, at) => Math.floor((whole.length * (at + 1)) / 25));
  return cuts.map((cut) => ({ what: `half: the first ${cut} bytes`, bytes: whole.subarray(0, cut) }));
}

function pipelines(head: readonly string[]): Hostile[] {
  const get = message('GET /healthz HTTP/1.1', head);
  const times = (count: number) => Buffer.concat(Array(count).fill(get));
  return named('pipeline', {
    'of 33': times(33),
    'of 1000': times(1000),
    'with garbage behind': join([get, 'GARBAGE\r\n\r\n']),
    'with garbage between': join([get, '\0\0\0', get]),
    'with line ends between': join([get, '\r\n\r\n\r\n', get]),
    'with half a request behind': join([get, 'GET /heal']),
    'after close': join([message('GET /healthz HTTP/1.1', [...head, 'Connection: close']), get, get]),
    'after an upgrade': join([message('GET /healthz HTTP/1.1', [...head, 'Connection: Upgrade', 'Upgrade: x']), get]),
    'after an expectation': join([
      message('POST /api/v1/examine HTTP/1.1', [...head, json, 'Content-Length: 2', 'Expect: 100-continue']),
      get,
    ]),
    'after CONNECT': join([message('CONNECT localhost:22 HTTP/1.1', head), get]),
    'of events': Buffer.concat(Array(40).fill(message('GET /api/v1/jobs/1/events HTTP/1.1', head))),
    'of descriptions': Buffer.concat(Array(200).fill(message('GET /openapi.json HTTP/1.1', head))),
  });
}
