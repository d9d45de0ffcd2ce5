import { connect } from 'node:net';
import { expect } from 'chai';
import { waitUntil } from '../../support/wait-until.ts';
import { type Opened, openTestPort, token } from '../../support/web-port.ts';

const good = '{"kind":"radiance","project":{"path":"/p"},"rif":"a.rif"}';
const bearer = `Authorization: Bearer ${token}`;

/** A request as text, after which the connection is closed. */
function request(first: string, headers: string[] = [], body: string | Buffer = ''): Buffer {
  return staying(first, ['Connection: close', ...headers], body);
}

/** A request as text; the blank line after the headers is added. */
function staying(first: string, headers: string[] = [], body: string | Buffer = ''): Buffer {
  const head = [first, ...headers].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}

function get(target: string, ...headers: string[]): Buffer {
  return request(`GET ${target} HTTP/1.1`, ['Host: localhost', bearer, ...headers]);
}

function post(body: string | Buffer, ...headers: string[]): Buffer {
  const length = Buffer.byteLength(body);
  const all = ['Host: localhost', bearer, `Content-Length: ${length}`, ...headers];
  return request('POST /api/v1/jobs HTTP/1.1', all, body);
}

const json = 'Content-Type: application/json';
const postJson = (body: string | Buffer, ...headers: string[]) => post(body, json, ...headers);
const withKey = (key: string, value: unknown) => JSON.stringify({ ...JSON.parse(good), [key]: value });
const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));
const line = 'GET /healthz HTTP/1.1';
const chunked = (body: string, ...headers: string[]) =>
  request(
    'POST /api/v1/jobs HTTP/1.1',
    ['Host: localhost', bearer, json, 'Transfer-Encoding: chunked', ...headers],
    body,
  );

/** What is sent, and the status of the answer; `cut`: no answer at all. */
const cases: readonly [what: string, sent: Buffer, status: number | 'cut'][] = [
  // No HTTP.
  ['garbage', Buffer.from('GARBAGE\r\n\r\n'), 400],
  ['zero bytes', Buffer.alloc(64), 400],
  ['a TLS greeting', Buffer.from('16030100a5010000a10303', 'hex'), 400],
  ['an HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 400],
  ['the nine bytes that end a net-ipc server', Buffer.from([1, 0, 0, 0, 4, 0x7b, 0x22, 0x22, 0x7d]), 400],
  ['an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 400],
  ['an unknown method', request('FETCH / HTTP/1.1', ['Host: localhost']), 400],
  ['a small method', request('get / HTTP/1.1', ['Host: localhost']), 400],
  ['no version', Buffer.from('GET /healthz\r\n\r\n'), 505],
  ['HTTP/0.9', request('GET /healthz HTTP/0.9', ['Host: localhost']), 505],
  ['HTTP/1.0', request('GET /healthz HTTP/1.0', ['Host: localhost']), 505],
  ['HTTP/3.0', request('GET /healthz HTTP/3.0', ['Host: localhost']), 400],
  ['a NUL in the request line', bytes('GET /heal', 0, 'thz HTTP/1.1\r\nHost: localhost\r\n\r\n'), 400],
  // Headers.
  ['no Host', request(line), 400],
  ['two Hosts', request(line, ['Host: localhost', 'Host: localhost']), 400],
  ['two Hosts, the second foreign', request(line, ['Host: localhost', 'Host: evil.example']), 400],
  ['an empty Host', request(line, ['Host:']), 403],
  ['a foreign Host', request(line, ['Host: evil.example']), 403],
  ['a foreign Host with our port', request(line, ['Host: evil.example:9182']), 403],
  ['a Host with another port', request(line, ['Host: localhost:1']), 403],
  ['a Host that begins like ours', request(line, ['Host: localhost.evil.example']), 403],
  ['a foreign Origin', request(line, ['Host: localhost', 'Origin: http://evil.example']), 403],
  ['the Origin null', request(line, ['Host: localhost', 'Origin: null']), 403],
  ['a cross-site fetch', request(line, ['Host: localhost', 'Sec-Fetch-Site: cross-site']), 403],
  [
    'a preflight from elsewhere',
    request('OPTIONS /api/v1/jobs HTTP/1.1', ['Host: localhost', 'Origin: http://a']),
    403,
  ],
  ['a blank before the colon', request(line, ['Host : localhost']), 400],
  ['a folded header', request(line, ['Host: localhost', 'X-A: b', ' folded']), 400],
  ['a header without a name', request(line, ['Host: localhost', ': x']), 400],
  ['a control character in a header', bytes(`${line}\r\nHost: localhost\r\nX-A: `, 1, '\r\n\r\n'), 400],
  ['a NUL in a header', bytes(`${line}\r\nHost: localhost\r\nX-A: `, 0, '\r\n\r\n'), 400],
  ['a bare carriage return', Buffer.from(`${line}\r\nHost: localhost\r\nX-A: b\rX-B: c\r\n\r\n`), 400],
  ['headers of 20 KiB', request(line, ['Host: localhost', `X-A: ${'a'.repeat(20_480)}`]), 431],
  ['500 headers', request(line, ['Host: localhost', ...Array.from({ length: 500 }, (_, at) => `X-${at}: x`)]), 431],
  ['an expectation', get('/healthz', 'Expect: the-unexpected'), 417],
  // Request targets.
  ['a target of 9,000 bytes', get(`/${'a'.repeat(9000)}`), 414],
  ['an absolute target', get('http://localhost/healthz'), 400],
  ['a foreign absolute target', get('http://evil.example/healthz'), 400],
  ['the target *', request('OPTIONS * HTTP/1.1', ['Host: localhost', bearer]), 400],
  ['a proxy request', request('CONNECT evil.example:443 HTTP/1.1', ['Host: localhost']), 405],
  ['a broken percent sign', get('/api/v1/jobs/%zz'), 400],
  ['a percent sign that is no UTF-8', get('/api/v1/jobs/1/results/%ff%fe'), 400],
  ['bytes beyond ASCII in the target', get('/api/v1/\xff\xfe'), 400],
  ['a job number that is none', get('/api/v1/jobs/one'), 400],
  ['job 0', get('/api/v1/jobs/0'), 400],
  ['a job number beyond all numbers', get(`/api/v1/jobs/${'9'.repeat(40)}`), 400],
  ['a job number with an exponent', get('/api/v1/jobs/1e0'), 400],
  ['a limit of 1001', get('/api/v1/jobs?limit=1001'), 400],
  ['a limit of nothing', get('/api/v1/jobs?limit='), 400],
  ['two limits', get('/api/v1/jobs?limit=1&limit=2'), 400],
  ['an unknown query key', get('/api/v1/jobs?all=1'), 400],
  ['__proto__ in the query', get('/api/v1/jobs?__proto__=1'), 400],
  ['a negative offset', get('/api/v1/jobs/1/log?offset=-1'), 400],
  ['a result above the project', get('/api/v1/jobs/1/results/../../../etc/passwd'), 400],
  ['a result above the project, encoded', get('/api/v1/jobs/1/results/%2e%2e%2f%2e%2e%2fetc%2fpasswd'), 400],
  ['an absolute result', get('/api/v1/jobs/1/results//etc/passwd'), 400],
  ['a result with a NUL', get('/api/v1/jobs/1/results/a%00.hdr'), 400],
  ['a result with a name of 5,000 bytes', get(`/api/v1/jobs/1/results/${'a'.repeat(5000)}`), 400],
  // Bodies and their lengths.
  ['two lengths', post(good, json, 'Content-Length: 3'), 400],
  ['a length that is no number', request('POST /api/v1/jobs HTTP/1.1', ['Host: localhost', 'Content-Length: x']), 400],
  ['a negative length', request('POST /api/v1/jobs HTTP/1.1', ['Host: localhost', 'Content-Length: -1']), 400],
  ['a length and chunks', postJson(good, 'Transfer-Encoding: chunked'), 400],
  ['an unknown transfer coding', chunked(good, 'Transfer-Encoding: gzip'), 400],
  ['chunks twice', chunked(`0\r\n\r\n`, 'Transfer-Encoding: chunked'), 400],
  ['a chunk size that is none', chunked('zz\r\n{}\r\n0\r\n\r\n'), 400],
  ['a chunk size that overflows', chunked('fffffffffffffffff\r\n{}\r\n0\r\n\r\n'), 400],
  ['a chunk longer than its size', chunked(`2\r\n${good}\r\n0\r\n\r\n`), 400],
  ['chunk extensions of 20 KiB', chunked(`2;${'a'.repeat(20_480)}\r\n{}\r\n0\r\n\r\n`), 413],
  ['a body on GET', get('/api/v1/jobs', 'Content-Length: 2').subarray(0), 400],
  ['a body larger than allowed', postJson(`${' '.repeat(262_144)}{}`), 413],
  ['chunks larger than allowed', chunked(`${'40001\r\n'}${' '.repeat(262_145)}\r\n0\r\n\r\n`), 413],
  ['a compressed body', postJson(good, 'Content-Encoding: gzip'), 415],
  ['no content type', post(good), 415],
  ['a form', post('a=b', 'Content-Type: application/x-www-form-urlencoded'), 415],
  ['text', post(good, 'Content-Type: text/plain'), 415],
  ['a multipart form', post('--x--', 'Content-Type: multipart/form-data; boundary=x'), 415],
  ['a content type that is none', post(good, 'Content-Type: json'), 415],
  ['a content type of another kind of JSON', post(good, 'Content-Type: application/jsonx'), 415],
  ['no body', postJson(''), 400],
  ['a blank body', postJson('  '), 400],
  ['no JSON', postJson('{kind: radiance}'), 400],
  ['half a JSON', postJson(good.slice(0, -3)), 400],
  ['JSON and more', postJson(`${good}${good}`), 400],
  ['a list', postJson(`[${good}]`), 400],
  ['a text', postJson('"radiance"'), 400],
  ['null', postJson('null'), 400],
  ['JSON nested 9 deep', postJson(withKey('name', JSON.parse(`${'['.repeat(8)}${']'.repeat(8)}`))), 400],
  ['JSON nested 60,000 deep', postJson('['.repeat(60_000)), 400],
  ['no UTF-8', postJson(bytes('{"kind":"', 0xff, '"}')), 400],
  ['UTF-16', postJson(Buffer.from(good, 'utf16le')), 400],
  ['a byte order mark', postJson(`\u{feff}${good}`), 400],
  ['a NUL in JSON', postJson(bytes('{"kind":"', 0, '"}')), 400],
  ['__proto__ in JSON', postJson(`${good.slice(0, -1)},"__proto__":{"force":true}}`), 400],
  ['constructor in JSON', postJson(`${good.slice(0, -1)},"constructor":{"prototype":{}}}`), 400],
  [
    '__proto__ inside',
    postJson(withKey('set', [{ variable: 'A', value: 'b' }]).replace('"A"', '"A","__proto__":1')),
    400,
  ],
  // Jobs.
  ['an unknown key', postJson(withKey('shell', 'sh')), 400],
  ['an unknown key inside', postJson(withKey('project', { path: '/p', mode: 7 })), 400],
  ['no kind', postJson(good.replace('"kind":"radiance",', '')), 400],
  ['an unknown kind', postJson(withKey('kind', 'povray')), 400],
  ['no project', postJson('{"kind":"radiance","rif":"a.rif"}'), 400],
  ['a project that is a text', postJson(withKey('project', '/p')), 400],
  ['an empty path', postJson(withKey('project', { path: '' })), 400],
  ['a path of 5,000 characters', postJson(withKey('project', { path: 'a'.repeat(5000) })), 400],
  ['a number as a file', postJson(withKey('rif', 7)), 400],
  ['"true" for true', postJson(withKey('force', 'true')), 400],
  ['"5" for a priority', postJson(withKey('priority', '5')), 400],
  ['a priority of 1.5', postJson(withKey('priority', 1.5)), 400],
  ['a priority beyond all numbers', postJson(`${good.slice(0, -1)},"priority":1e999}`), 400],
  ['a variable with blanks', postJson(withKey('set', [{ variable: 'a b', value: 'c' }])), 400],
  ['257 views', postJson(withKey('views', Array(257).fill('v'))), 400],
  ['a view that is none', postJson(withKey('views', [null])), 400],
  ['an idempotency key with a blank', postJson(good, 'Idempotency-Key: a b'), 400],
  ['two idempotency keys', postJson(good, 'Idempotency-Key: a', 'Idempotency-Key: b'), 400],
];

describe('bad input on the job port', () => {
  let port: Opened;
  before(async () => {
    port = await openTestPort({ bounds: { lingerMs: 100 } });
    port.farm.add();
  });
  after(() => port.close());

  for (const [what, sent, status] of cases)
    it(`${what}: ${status}`, async () => {
      const answer = await port.raw(sent);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head.split(' ')[1], answer).to.equal(String(status));
      const { error } = JSON.parse(body);
      expect(error.message).to.match(/^["A-Z].*\.$/s);
      expect(answer)
        .to.contain('X-Content-Type-Options: nosniff')
        .and.not.match(/node_modules|\.js/);
      expect(answer.match(/^HTTP\/1\.1 /gm)).to.have.length(1);
    });

  it('leaves no job, nobody asking, and a port that works', async () => {
    expect(cases.length).to.be.greaterThan(100);
    expect(port.farm.callers).to.deep.equal([]);
    expect((await port.ask('/api/v1/jobs')).json.jobs).to.have.length(1);
    expect(Object.prototype).to.not.have.property('force');
    expect(port.lines.filter((one) => one.startsWith('error'))).to.deep.equal([]);
  });

  it('is a line in the log, without what was sent', async () => {
    await port.raw(bytes('\x1b[31mRED\r\nGET / HTTP/1.1\r\n\r\n'));
    const found = await waitUntil('the line', () => port.lines.findLast((one) => one.includes('malformed')));
    expect(found).to.match(/^warn 127\.0\.0\.1 - malformed request 400 \(HPE_[A-Z_]+\)$/);
  });

  it('is turned away on the Unix socket, too', async () => {
    const local = (headers: string[]) => port.raw(request(line, headers), { local: true });
    expect(await local(['Host: rayserver'])).to.match(/^HTTP\/1\.1 200 /);
    expect(await local(['Host: evil.example'])).to.match(/^HTTP\/1\.1 403 /);
    expect(await local(['Host: localhost', 'Origin: http://evil.example'])).to.match(/^HTTP\/1\.1 403 /);
    expect(await local([])).to.match(/^HTTP\/1\.1 400 /);
  });

  it('behind good requests on the same connection costs it nothing but itself', async () => {
    const one = staying(line, ['Host: localhost']);
    const answers = await port.raw(Buffer.concat([one, one, get('/api/v1/jobs')]));
    expect(answers.match(/HTTP\/1\.1 200 /g)).to.have.length(3);
    const socket = connect(port.port, '127.0.0.1');
    let seen = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      seen += text;
    });
    socket.write(one);
    await waitUntil('the first answer', () => seen.includes('{"status":"ok"}'));
    socket.write('GARBAGE\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(seen.match(/HTTP\/1\.1 [0-9]+/g)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it('never gets an answer that belongs to the request before it', async () => {
    let release: (() => void) | undefined;
    port.farm.beforeSubmit = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const submit = staying(
      'POST /api/v1/jobs HTTP/1.1',
      ['Host: localhost', bearer, json, `Content-Length: ${good.length}`],
      good,
    );
    const answer = port.raw(Buffer.concat([submit, Buffer.from('GARBAGE\r\n\r\n')]));
    expect(await answer).to.equal('');
    release?.();
    port.farm.beforeSubmit = async () => undefined;
    await waitUntil('the job', async () => (await port.ask('/api/v1/jobs')).json.jobs.length === 2);
  });

  it('arrives at its sender even when the body is far too large', async () => {
    const body = Buffer.alloc(5_000_000, 0x20);
    for (const headers of [
      { 'Content-Type': 'application/json' },
      { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
    ])
      for (const anonymous of [false, true]) {
        const answered = await port.ask('/api/v1/jobs', { method: 'POST', body, headers: { ...headers }, anonymous });
        expect(answered.status).to.equal(anonymous && 'Transfer-Encoding' in headers ? 401 : 413);
      }
  });

  it('is turned away before its body is sent, if the sender waits for that', async () => {
    const asking = (length: number, ...headers: string[]) =>
      request('POST /api/v1/jobs HTTP/1.1', [
        'Host: localhost',
        json,
        `Content-Length: ${length}`,
        'Expect: 100-continue',
        ...headers,
      ]);
    expect(await port.raw(asking(300_000, bearer))).to.match(/^HTTP\/1\.1 413 /);
    expect(await port.raw(asking(10))).to.match(/^HTTP\/1\.1 401 /);
    const socket = port.connect();
    let seen = '';
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    socket.write(asking(good.length, bearer));
    await waitUntil('100 Continue', () => seen.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    socket.write(good);
    await waitUntil('the job', () => seen.includes('HTTP/1.1 201 '));
    socket.destroy();
  });
});
