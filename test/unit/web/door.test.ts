import { expect } from 'chai';
import { defaultBounds } from '../../../src/web/bounds.ts';
import { type DoorRules, type Head, socketHosts, tcpHosts, turnedAway } from '../../../src/web/door.ts';

const tcp: DoorRules = { hosts: tcpHosts, port: 9182, bounds: defaultBounds };
const local: DoorRules = { hosts: socketHosts, port: null, bounds: defaultBounds };

function head(headers: Record<string, string | string[]>, changes: Partial<Head> = {}): Head {
  const lines = Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return { method: 'GET', url: '/healthz', httpVersion: '1.1', rawHeaders: lines, ...changes };
}

function statusOf(one: Head, rules: DoorRules = tcp): number {
  return turnedAway(one, rules)?.status ?? 200;
}

describe('the door of the job port', () => {
  for (const host of [
    'localhost',
    'localhost:9182',
    'LOCALHOST:9182',
    '127.0.0.1',
    '127.0.0.1:9182',
    '[::1]:9182',
    '[::1]',
  ])
    it(`lets in whoever calls us ${host}`, () => {
      expect(turnedAway(head({ Host: host }), tcp)).to.equal(null);
    });

  for (const host of [
    '',
    'evil.example',
    'evil.example:9182',
    'localhost:9183',
    'localhost.evil.example',
    'localhost.:9182',
    'evil.example@localhost',
    'localhost:9182:9182',
    'localhost:',
    'localhost:9182/x',
    '127.0.0.1.nip.io',
    '2130706433',
    '0.0.0.0:9182',
    '192.168.1.4:9182',
    '[::]:9182',
    'rayserver',
    ' localhost x',
  ])
    it(`turns away whoever calls us "${host}" over TCP`, () => {
      expect(turnedAway(head({ Host: host }), tcp)).to.include({ status: 403, code: 'forbidden-origin' });
    });

  it('takes the names of the Unix socket, with any port of a tunnel', () => {
    for (const host of ['localhost', 'rayserver', 'localhost:8080'])
      expect(statusOf(head({ Host: host }), local)).to.equal(200);
    for (const host of ['evil.example', '127.0.0.1']) expect(statusOf(head({ Host: host }), local)).to.equal(403);
  });

  it('wants exactly one Host', () => {
    expect(statusOf(head({}))).to.equal(400);
    expect(statusOf(head({ Host: ['localhost', 'localhost'] }))).to.equal(400);
    expect(statusOf(head({ Host: 'localhost', host: 'evil.example' }))).to.equal(400);
  });

  it('takes an Origin only if it is our own, on every method', () => {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PROPFIND']) {
      const from = (Origin: string) => statusOf(head({ Host: 'localhost:9182', Origin }, { method }));
      expect(from('http://localhost:9182')).to.equal(200);
      for (const origin of [
        'null',
        '',
        'http://localhost',
        'https://localhost:9182',
        'http://evil.example',
        'http://127.0.0.1:9182',
      ])
        expect(from(origin), `${method} ${origin}`).to.equal(403);
    }
  });

  it('turns away what a browser says comes from another site', () => {
    const from = (site: string) => statusOf(head({ Host: 'localhost', 'Sec-Fetch-Site': site }));
    expect([from('same-origin'), from('none')]).to.deep.equal([200, 200]);
    expect([from('cross-site'), from('same-site'), from('nonsense')]).to.deep.equal([403, 403, 403]);
  });

  it('speaks HTTP/1.1 only', () => {
    expect(statusOf(head({ Host: 'localhost' }, { httpVersion: '1.0' }))).to.equal(505);
  });

  it('bounds the request target and the number of headers', () => {
    const Host = 'localhost';
    expect(statusOf(head({ Host }, { url: `/${'a'.repeat(8191)}` }))).to.equal(200);
    expect(statusOf(head({ Host }, { url: `/${'a'.repeat(8192)}` }))).to.equal(414);
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`X-${at}`, 'x']));
    expect(statusOf(head({ Host, ...many(99) }))).to.equal(200);
    expect(statusOf(head({ Host, ...many(100) }))).to.equal(431);
  });

  it('takes paths only as request targets', () => {
    for (const url of ['*', 'http://localhost/healthz', 'healthz', '', '/a b', '/ü', '/a\tb', '/a\0b', '/a#b', '//\n'])
      expect(statusOf(head({ Host: 'localhost' }, { url })), JSON.stringify(url)).to.equal(400);
  });

  it('turns away headers that must not come twice', () => {
    for (const name of ['Authorization', 'Content-Type', 'Content-Length', 'Idempotency-Key', 'Origin'])
      expect(statusOf(head({ Host: 'localhost', [name]: ['1', '1'] })), name).to.equal(400);
  });

  it('turns away bodies that are too large, compressed, or where none belongs', () => {
    const Host = 'localhost';
    const post = (headers: Record<string, string>) => statusOf(head({ Host, ...headers }, { method: 'POST' }));
    expect(statusOf(head({ Host, 'Content-Length': '1' }))).to.equal(400);
    expect(statusOf(head({ Host, 'Transfer-Encoding': 'chunked' }))).to.equal(400);
    expect(statusOf(head({ Host, 'Content-Length': '0' }))).to.equal(200);
    expect(post({ 'Content-Length': '65536' })).to.equal(200);
    expect(post({ 'Content-Length': '65537' })).to.equal(413);
    const submit = (length: string, url = '/api/v1/jobs') =>
      statusOf(head({ Host, 'Content-Length': length }, { method: 'POST', url }));
    expect(['262144', '262145'].map((length) => submit(length))).to.deep.equal([200, 413]);
    expect(submit('65537', '/api/v1/jobs/1/cancel')).to.equal(413);
    expect(post({ 'Content-Length': '5', 'Content-Encoding': 'gzip' })).to.equal(415);
    expect(post({ 'Content-Length': '5', 'Content-Encoding': 'identity' })).to.equal(200);
  });
});
