import { Readable } from 'node:stream';
import { expect } from 'chai';
import { waitUntil } from '../../support/wait-until.ts';
import { type Opened, openTestPort, token } from '../../support/web-port.ts';

const job = { kind: 'radiance', project: { path: '/projects/room' }, rif: 'room.rif' };

describe('the job port', () => {
  let port: Opened;
  beforeEach(async () => {
    port = await openTestPort();
  });
  afterEach(() => port.close());
  const submit = (body: object, headers: Record<string, string> = {}, local = false) =>
    port.ask('/api/v1/jobs', { method: 'POST', body, headers, local });

  it('takes a job and says where it is', async () => {
    const answered = await submit({ ...job, name: 'first', priority: -3, views: ['a'], force: true });
    expect(answered.status).to.equal(201);
    expect(answered.headers.location).to.equal('/api/v1/jobs/1');
    expect(answered.json).to.include({ id: 1, name: 'first', state: 'waiting', priority: -3, user: 'token' });
    expect((await port.ask('/api/v1/jobs/1')).json).to.deep.equal(answered.json);
  });

  it('gives the same job for the same idempotency key, to the same user only', async () => {
    const key = { 'Idempotency-Key': 'k-1' };
    expect((await submit(job, key)).status).to.equal(201);
    const again = await submit(job, key);
    expect([again.status, again.json.id]).to.deep.equal([200, 1]);
    expect((await submit(job, key, true)).json).to.include({ id: 2, user: 'ann' });
    expect((await submit(job)).json.id).to.equal(3);
    expect((await submit(job, { 'Idempotency-Key': '!'.repeat(200) })).status).to.equal(201);
  });

  const messageOf = async (answer: ReturnType<Opened['ask']>) => (await answer).json.error.message;

  for (const [what, key] of [
    ['empty', ''],
    ['too long', 'x'.repeat(201)],
    ['with a blank', 'a b'],
    ['not ASCII', 'ü'],
  ] as const)
    it(`refuses an idempotency key that is ${what}`, async () => {
      const answered = await submit(job, { 'Idempotency-Key': key });
      expect([answered.status, answered.json.error.code]).to.deep.equal([400, 'malformed']);
      expect(answered.json.error.message).to.contain('idempotency-key');
      expect((await port.ask('/api/v1/jobs')).json.jobs).to.deep.equal([]);
    });

  it('lists jobs by page and state, newest first', async () => {
    for (let count = 0; count < 5; count++) port.farm.add();
    port.farm.change(2, { state: 'done', finishedAt: '2026-11-22T10:31:00.000Z' });
    const ids = async (query: string) => {
      const { json } = await port.ask(`/api/v1/jobs${query}`);
      return [json.jobs.map((one: { id: number }) => one.id), json.next];
    };
    expect(await ids('')).to.deep.equal([[5, 4, 3, 2, 1], null]);
    expect(await ids('?limit=2')).to.deep.equal([[5, 4], 4]);
    expect(await ids('?limit=2&before=4')).to.deep.equal([[3, 2], 2]);
    expect(await ids('?state=done')).to.deep.equal([[2], null]);
  });

  it('shows tasks, log, hosts, server and findings', async () => {
    port.farm.add();
    port.farm.logs.set(1, 'rpict: warning\n');
    expect((await port.ask('/api/v1/jobs/1/tasks')).json.tasks[0]).to.include({ number: 1, step: 'view' });
    port.farm.taskCount = 1001;
    const pageOfTasks = async (query: string) => {
      const { tasks, next } = (await port.ask(`/api/v1/jobs/1/tasks${query}`)).json;
      return [tasks[0]?.number, tasks.length, next];
    };
    expect(await pageOfTasks('')).to.deep.equal([1, 1000, 1000]);
    expect(await pageOfTasks('?after=1000')).to.deep.equal([1001, 1, null]);
    expect(await pageOfTasks('?after=2&limit=3')).to.deep.equal([3, 3, 5]);
    expect(await pageOfTasks('?after=1001')).to.deep.equal([undefined, 0, null]);
    for (const query of ['?limit=0', '?limit=1001', '?after=-1', '?after=x', '?other=1'])
      expect((await port.ask(`/api/v1/jobs/1/tasks${query}`)).status).to.equal(400);
    expect((await port.ask('/api/v1/jobs/1/log?offset=7&task=1')).json).to.include({ text: 'warning\n', next: 15 });
    expect((await port.ask('/api/v1/jobs/1/log?task=2')).status).to.equal(404);
    expect((await port.ask('/api/v1/hosts')).json.hosts).to.have.length(1);
    expect((await port.ask('/api/v1/server')).json.you).to.equal('token');
    expect((await port.ask('/api/v1/server', { local: true })).json.you).to.equal('ann');
    const examine = (body?: object) => port.ask('/api/v1/examine', { method: 'POST', ...(body ? { body } : {}) });
    expect((await examine()).json.findings[0].what).to.equal('host');
    expect((await examine({ directory: '/projects' })).json.findings[0]).to.include({ what: '/projects', mend: null });
    expect((await examine({ directory: '/f.amb', mend: 'cut' })).json.findings[0].mend).to.equal('cut');
    expect((await examine({ directory: '/f.amb', mend: 'all' })).status).to.equal(400);
  });

  it('cancels a job in the name of who asks', async () => {
    port.farm.add();
    const cancelled = await port.ask('/api/v1/jobs/1/cancel', { method: 'POST', local: true });
    expect(cancelled.json).to.include({ state: 'cancelled', reason: 'Cancelled by ann.' });
    const again = await port.ask('/api/v1/jobs/1/cancel', { method: 'POST', body: {} });
    expect([again.status, again.json.error.code]).to.deep.equal([409, 'wrong-state']);
    expect(port.farm.callers).to.deep.equal([
      { user: 'ann', uid: 1001, peer: 'socket' },
      { user: 'token', uid: null, peer: '127.0.0.1' },
    ]);
  });

  it('passes the refusals of the farm on', async () => {
    const missing = await submit({ ...job, project: { path: '/missing' } });
    expect([missing.status, missing.json.error]).to.deep.equal([
      422,
      { code: 'no-such-project', message: 'No such project "/missing".' },
    ]);
    const busy = await submit({ ...job, project: { location: 'proj', path: '/busy' } });
    expect([busy.status, busy.json.error.job]).to.deep.equal([409, 1]);
    expect((await port.ask('/api/v1/jobs/77')).json.error.code).to.equal('no-such-job');
  });

  it('says what is wrong with a request, in one sentence', async () => {
    expect(await messageOf(port.ask('/api/v1/jobs?state=lost'))).to.match(
      /^"state" must be one of "waiting", "running"/,
    );
    expect(await messageOf(port.ask('/api/v1/jobs?limit=many'))).to.equal('"limit" must be an integer.');
    expect(await messageOf(port.ask('/api/v1/jobs?all=1'))).to.equal('Unknown key "all" in the query.');
    expect(await messageOf(submit({ ...job, project: '/p' }))).to.equal(
      '"project" must be an object with "path", or an object with "location" and "path".',
    );
    expect(await messageOf(submit({ ...job, kind: 'povray' }))).to.equal(
      '"kind" must be one of "radiance", "command".',
    );
    expect(await messageOf(submit({ kind: 'command' }))).to.equal('"project" is missing in the body.');
    expect(await messageOf(submit({ kind: 'command', project: { path: '/p' }, rif: 'a' }))).to.match(/"(command|rif)"/);
    expect(await messageOf(submit({ ...job, force: 'true' }))).to.equal('"force" must be a boolean.');
    expect(await messageOf(submit({ ...job, shell: 1 }))).to.equal('Unknown key "shell" in the body.');
    expect(await messageOf(submit({ ...job, rif: '' }))).to.equal('"rif" must NOT have fewer than 1 characters.');
    expect(await messageOf(submit({}))).to.equal('"kind" is missing in the body.');
    expect(await messageOf(submit([]))).to.equal('The body must be an object.');
    const unasked = port.ask('/api/v1/jobs/1/cancel', { method: 'POST', body: { now: true } });
    expect(await messageOf(unasked)).to.equal('This request takes no body.');
  });

  it('takes a command as long as Linux takes arguments, and says where it is too long', async () => {
    const command = (...words: string[]) => submit({ kind: 'command', project: { path: '/p' }, command: words });
    const long = 'x'.repeat(131_071);
    expect((await command('cat', long)).json.command).to.deep.equal(['cat', long]);
    expect(await messageOf(command('cat', `${long}x`))).to.match(/^"command\/1" must NOT have more than 131071 char/);
    expect(await messageOf(command('cat', long, long))).to.equal(
      'The body is larger than 262144 bytes, the most that is taken here.',
    );
  });

  it('takes bodies of the usual size only where no job is', async () => {
    const answered = await port.ask('/api/v1/examine', { method: 'POST', body: { directory: '/'.repeat(65_536) } });
    expect([answered.status, answered.json.error.message]).to.deep.equal([
      413,
      'The body is larger than 65536 bytes, the most that is taken here.',
    ]);
    const head = ['POST /api/v1/examine HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${token}`];
    const chunks = ['Content-Type: application/json', 'Transfer-Encoding: chunked', 'Connection: close'];
    const raw = await port.raw(
      `${[...head, ...chunks].join('\r\n')}\r\n\r\n10001\r\n${' '.repeat(65_537)}\r\n0\r\n\r\n`,
    );
    expect(raw)
      .to.match(/^HTTP\/1\.1 413 /)
      .and.include('larger than 65536 bytes');
  });

  it('says little of its own errors to the client and all of them to the log', async () => {
    const answered = await submit({ ...job, project: { path: '/crash' } });
    expect([answered.status, answered.json.error.code]).to.deep.equal([500, 'internal']);
    expect(answered.json.error.message).to.equal('The server made an error; its log /home/srvlogs/sun says more.');
    expect(answered.body.toString()).to.not.match(/fire|secret|at /);
    expect(port.lines.join('\n')).to.match(/error POST \/api\/v1\/jobs failed: Error: disk on fire[\s\S]* at /);
    expect((await port.ask('/api/v1/jobs')).status).to.equal(200);
  });

  it('says whether it works, to everybody', async () => {
    const well = await port.ask('/healthz', { anonymous: true });
    expect([well.status, well.body.toString()]).to.deep.equal([200, '{"status":"ok"}']);
    expect((await port.ask('/healthz', { anonymous: true, method: 'HEAD' })).status).to.equal(200);
    port.farm.isHealthy = false;
    const ill = await port.ask('/healthz', { anonymous: true });
    expect([ill.status, ill.json.error.code]).to.deep.equal([503, 'not-ready']);
    const other = await port.ask('/healthz', { anonymous: true, method: 'POST' });
    expect(other.status).to.equal(401);
  });

  it('describes itself', async () => {
    const { json } = await port.ask('/openapi.json');
    expect(json.info.version).to.equal('1.2.3');
    expect(json.paths).to.have.property('/api/v1/jobs/{id}/events');
  });

  it('sends results as they are and as PNG', async () => {
    port.farm.add();
    const picture = Buffer.alloc(300_000, 7);
    port.farm.keep('images/a b/ü.hdr', picture);
    port.farm.files.set('images/a b/ü.hdr as png', () => ({
      bytes: null,
      stream: Readable.from([Buffer.from('PNG')]),
    }));
    const at = '/api/v1/jobs/1/results/images/a%20b/%C3%BC.hdr';
    const file = await port.ask(at);
    expect(file.body.equals(picture)).to.equal(true);
    expect(file.headers).to.include({ 'content-type': 'image/vnd.radiance', 'content-length': '300000' });
    const png = await port.ask(`${at}?as=png`);
    expect([png.headers['content-type'], png.body.toString()]).to.deep.equal(['image/png', 'PNG']);
    const head = await port.ask(at, { method: 'HEAD' });
    expect([head.headers['content-length'], head.body.length]).to.deep.equal(['300000', 0]);
    expect((await port.ask(`${at}?as=jpeg`)).status).to.equal(400);
    expect((await port.ask('/api/v1/jobs/1/results/images/c.hdr')).json.error.code).to.equal('no-such-file');
  });

  it('lets a result that cannot be read fail, and one that breaks off look broken', async () => {
    port.farm.add();
    const broken = () => new Readable({ read: () => undefined }).destroy(new Error('stale file handle'));
    port.farm.files.set('a', () => ({ bytes: 5, stream: broken() }));
    expect((await port.ask('/api/v1/jobs/1/results/a')).status).to.equal(500);
    port.farm.files.set('b', () => ({ bytes: 500, stream: Readable.from([Buffer.alloc(99)]) }));
    const outcome = await port.ask('/api/v1/jobs/1/results/b').then(
      () => 'whole',
      (error: Error) => error.message,
    );
    expect(outcome).to.equal('aborted');
  });

  it('lets go of a result when its reader leaves', async () => {
    port.farm.add();
    const endless = new Readable({ read: () => void endless.push(Buffer.alloc(65_536)) });
    port.farm.files.set('a', () => ({ bytes: null, stream: endless }));
    const socket = port.connect();
    socket.write(`GET /api/v1/jobs/1/results/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await waitUntil('the file to be closed', () => endless.destroyed);
  });

  it('knows what is not there, and which methods are', async () => {
    const nowhere = await port.ask('/api/v2/jobs');
    expect([nowhere.status, nowhere.json.error.code]).to.deep.equal([404, 'not-found']);
    for (const [method, path, allow] of [
      ['PUT', '/api/v1/jobs/1', 'GET, HEAD, DELETE'],
      ['PUT', '/api/v1/jobs', 'POST, GET, HEAD'],
      ['OPTIONS', '/api/v1/jobs', 'POST, GET, HEAD'],
      ['GET', '/api/v1/jobs/1/cancel', 'POST'],
      ['PROPFIND', '/healthz', 'GET, HEAD'],
      ['TRACE', '/api/v1/server', 'GET, HEAD'],
      ['POST', '/api/v1/jobs/1/results/a/b', 'GET, HEAD'],
    ] as const) {
      const answered = await port.ask(path, { method });
      expect([answered.status, answered.headers.allow], `${method} ${path}`).to.deep.equal([405, allow]);
    }
  });

  it('sends the same cautious headers with every answer', async () => {
    port.farm.add({ state: 'done', finishedAt: '2026-11-22T10:31:00.000Z' });
    port.farm.keep('a', Buffer.from('x'));
    for (const [path, anonymous] of [
      ['/healthz', true],
      ['/api/v1/jobs', true],
      ['/api/v1/jobs', false],
      ['/nowhere', false],
      ['/api/v1/jobs/1/results/a', false],
      ['/api/v1/jobs/1/events', false],
    ] as const) {
      const { headers } = await port.ask(path, { anonymous });
      expect(headers, path).to.include({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
      expect(headers['content-security-policy'], path).to.contain("default-src 'none'");
      expect(headers, path).to.not.have.any.keys('access-control-allow-origin', 'x-powered-by', 'server');
    }
  });

  it('logs one line per request, without what may be secret in it', async () => {
    await port.ask('/api/v1/jobs?limit=1', { local: true });
    await port.ask('/api/v1/server', { anonymous: true });
    await port.ask(`/api/v1/server?access_token=${token}`);
    await waitUntil('three lines', () => port.lines.length === 3);
    expect(port.lines.join('\n')).to.not.include(token);
    expect(port.lines[0]).to.match(/^info socket ann GET \/api\/v1\/jobs 200 [0-9]+ ms$/);
    expect(port.lines[1]).to.match(/^info 127\.0\.0\.1 - GET \/api\/v1\/server 401 [0-9]+ ms$/);
  });
});
