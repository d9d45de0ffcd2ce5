import { expect } from 'chai';
import { waitUntil } from '../../support/wait-until.ts';
import { type Opened, openTestPort, token } from '../../support/web-port.ts';

const bearer = `Authorization: Bearer ${token}`;
const quick = { headersMs: 200, requestMs: 400, checkMs: 50, keepAliveMs: 100, lingerMs: 50 };

/** Sends a byte every few milliseconds until the other side closes; gives what came back. */
async function trickle(port: Opened, start: string): Promise<string> {
  const socket = port.connect();
  let seen = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    seen += text;
  });
  socket.on('error', () => undefined);
  socket.write(start);
  const timer = setInterval(() => socket.writable && socket.write('a'), 10);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  return seen;
}

describe('the patience of the job port', () => {
  let port: Opened;
  afterEach(() => port.close());

  it('ends with headers that trickle in', async () => {
    port = await openTestPort({ bounds: quick });
    const answer = await trickle(port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ');
    expect(answer)
      .to.match(/^HTTP\/1\.1 408 /)
      .and.contain('did not arrive in time');
    expect((await port.ask('/healthz')).status).to.equal(200);
  });

  it('ends with a body that trickles in', async () => {
    port = await openTestPort({ bounds: quick });
    const head = ['POST /api/v1/jobs HTTP/1.1', 'Host: localhost', bearer, 'Content-Type: application/json'];
    const answer = await trickle(port, `${[...head, 'Content-Length: 60000'].join('\r\n')}\r\n\r\n{"kind":"`);
    expect(answer).to.match(/^HTTP\/1\.1 408 /);
    expect(port.farm.callers).to.deep.equal([]);
  });

  it('lets only so many large bodies in at a time, and small ones always', async () => {
    port = await openTestPort({ bounds: { largeBodies: 2 } });
    const head = ['POST /api/v1/jobs HTTP/1.1', 'Host: localhost', bearer, 'Content-Type: application/json'];
    const begun = ['Content-Length: 70000', 'Transfer-Encoding: chunked'].map((size) => {
      const socket = port.connect().on('error', () => undefined);
      socket.write(`${[...head, size].join('\r\n')}\r\n\r\n`);
      return socket;
    });
    const submit = (bytes: number) => {
      const body = { kind: 'command', project: { path: '/p' }, command: ['cat', 'x'.repeat(bytes)] };
      return port.ask('/api/v1/jobs', { method: 'POST', body });
    };
    const crowded = await waitUntil('a refusal', async () => {
      const answered = await submit(70_000);
      return answered.status === 503 ? answered : false;
    });
    expect(crowded.json.error.message).to.match(/^More than 2 requests with large bodies are under way\. Try again\./);
    expect(crowded.headers['retry-after']).to.equal('2');
    expect((await submit(60_000)).status).to.equal(201);
    for (const socket of begun) socket.destroy();
    await waitUntil('room', async () => (await submit(70_000)).status === 201);
  });

  it('ends with the body of a request that is refused already', async () => {
    port = await openTestPort({ bounds: quick });
    const answer = await trickle(
      port,
      'POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n',
    );
    expect(answer).to.match(/^HTTP\/1\.1 401 /);
  });

  it('ends with connections that say nothing, before and after a request', async () => {
    port = await openTestPort({ bounds: quick });
    expect(await port.raw('')).to.match(/^(HTTP\/1\.1 408 |$)/);
    expect(await port.raw('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')).to.match(/^HTTP\/1\.1 200 /);
    expect(await port.raw('', { local: true })).to.match(/^(HTTP\/1\.1 408 |$)/);
  });

  it('does not end while the farm thinks', async () => {
    port = await openTestPort({ bounds: quick });
    port.farm.beforeSubmit = () => new Promise((resolve) => setTimeout(resolve, 1000));
    const body = { kind: 'radiance', project: { path: '/p' }, rif: 'a.rif' };
    expect((await port.ask('/api/v1/jobs', { method: 'POST', body })).status).to.equal(201);
  });

  it('ends with an answer that nobody takes', async () => {
    port = await openTestPort({ bounds: { ...quick, stallMs: 200 } });
    port.farm.add();
    port.farm.keep('a', Buffer.alloc(50_000_000));
    const socket = port.connect();
    socket.on('error', () => undefined);
    socket.write(`GET /api/v1/jobs/1/results/a HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\n\r\n`);
    await waitUntil('the line of the cut', () => port.lines.some((line) => / 200 [0-9]+ ms \(cut\)$/.test(line)));
    socket.destroy();
  });

  it('has room for so many connections: those that say nothing make room for those who ask, said once', async () => {
    port = await openTestPort({ bounds: { connections: 2 } });
    const idle = [port.connect(), port.connect()];
    const cut = idle.map(
      (socket) => new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve)),
    );
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    for (let count = 0; count < 3; count++) expect((await port.ask('/healthz')).status).to.equal(200);
    await cut[0];
    const said = port.lines.filter((line) => line.startsWith('warn'));
    expect(said).to.deep.equal(['warn no room for more than 2 connections: 1 were cut that said or read nothing']);
    expect((await port.ask('/healthz', { local: true })).status).to.equal(200);
    for (const socket of idle) socket.destroy();
  });

  it('cuts nobody whose answer is being made: then there is no room', async () => {
    port = await openTestPort({ bounds: { connections: 1 } });
    let release: (() => void) | undefined;
    port.farm.beforeSubmit = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const body = { kind: 'radiance', project: { path: '/p' }, rif: 'a.rif' };
    const answer = port.ask('/api/v1/jobs', { method: 'POST', body });
    await waitUntil('the submit', () => release !== undefined);
    expect(await port.raw('GET / HTTP/1.1\r\n')).to.equal('');
    release?.();
    expect((await answer).status).to.equal(201);
  });

  it('answers requests of one connection in order, and so many at a time', async () => {
    port = await openTestPort({ bounds: { pipelined: 3 } });
    const one = (path: string, ...more: string[]) =>
      `${[`GET ${path} HTTP/1.1`, 'Host: localhost', bearer, ...more].join('\r\n')}\r\n\r\n`;
    const three = await port.raw(`${one('/healthz')}${one('/nowhere')}${one('/api/v1/jobs', 'Connection: close')}`);
    expect(three.match(/HTTP\/1\.1 [0-9]+/g)).to.deep.equal(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    const flood = await port.raw(one('/api/v1/server').repeat(50));
    expect(flood.match(/HTTP\/1\.1 [0-9]+/g)).to.deep.equal([
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      'HTTP/1.1 200',
      'HTTP/1.1 503',
    ]);
  });

  it('closes within its time, whatever clients hang on it', async () => {
    port = await openTestPort({ bounds: { closeMs: 200 } });
    port.farm.add();
    port.farm.beforeSubmit = () => new Promise(() => undefined);
    const body = '{"kind":"radiance","project":{"path":"/p"},"rif":"a.rif"}';
    const head = `Host: localhost\r\n${bearer}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    const hanging = [port.connect(), port.connect(), port.connect(true), port.connect()];
    const closed = hanging.map(
      (socket) => new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve)),
    );
    hanging[0]?.write(`POST /api/v1/jobs HTTP/1.1\r\n${head}\r\n\r\n${body}`);
    hanging[1]?.write('GET /healthz HTTP/1.1\r\nHost: loc');
    hanging[3]?.write(`GET /api/v1/jobs/1/events HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\n\r\n`);
    hanging[3]?.pause();
    await waitUntil('the submit', () => port.farm.callers.length === 1 && port.farm.watchers(1) === 1);
    const since = performance.now();
    await Promise.all([port.door.close(), port.door.close()]);
    // Without a limit it would wait for the farm, which never answers.
    expect(performance.now() - since).to.be.below(15_000);
    hanging[3]?.resume();
    await Promise.all(closed);
    const refused = await port.ask('/healthz').then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(refused).to.equal('ECONNREFUSED');
  });

  it('lets a request under way finish when it closes', async () => {
    port = await openTestPort();
    let release: (() => void) | undefined;
    port.farm.beforeSubmit = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const body = { kind: 'radiance', project: { path: '/p' }, rif: 'a.rif' };
    const answer = port.ask('/api/v1/jobs', { method: 'POST', body });
    await waitUntil('the submit', () => release !== undefined);
    const closing = port.door.close();
    release?.();
    expect((await answer).status).to.equal(201);
    await closing;
  });
});
