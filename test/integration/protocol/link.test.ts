import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { FromProcwrap, ToProcwrap } from '../../../src/protocol/inner.ts';
import {
  dialLink,
  type LinkServer,
  listenLink,
  type ProcwrapLink,
  type ServerLink,
} from '../../../src/protocol/link.ts';
import { services } from '../../support/executor.ts';
import { waitUntil } from '../../support/wait-until.ts';

const hello: ToProcwrap = {
  say: 'hello',
  version: '1',
  settings: { radiance: null, planSeconds: 60, logBytes: 4096, services: services(), reportSeconds: 1, slots: 2 },
};

describe('the inner link', () => {
  let base: string;
  let path: string;
  let server: LinkServer | null = null;
  let links: ProcwrapLink[] = [];
  let heard: ToProcwrap[] = [];
  let lost: string[] = [];
  let log: string[] = [];
  const dialled: ServerLink[] = [];
  const raw: Socket[] = [];

  const listen = async () => {
    server = await listenLink(path, {
      connected: (link) => links.push(link),
      message: (message) => heard.push(message),
      closed: (_link, reason) => lost.push(reason),
      log: (_level, text) => log.push(text),
    });
  };
  const dial = async (told: FromProcwrap[] = [], closed: string[] = []) => {
    const link = await dialLink(path, {
      message: (message) => told.push(message),
      closed: (reason) => closed.push(reason),
      log: (_level, text) => log.push(text),
    });
    dialled.push(link);
    return link;
  };
  const stranger = () => {
    const socket = connect(path);
    socket.on('error', () => {});
    raw.push(socket);
    return socket;
  };

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'link-'));
    path = join(base, 's');
    [links, heard, lost, log] = [[], [], [], []];
  });
  afterEach(async () => {
    for (const link of dialled.splice(0)) link.close();
    for (const socket of raw.splice(0)) socket.destroy();
    await server?.close();
    server = null;
    rmSync(base, { recursive: true });
  });

  it('carries messages both ways, in order', async () => {
    await listen();
    const told: FromProcwrap[] = [];
    const link = await dial(told);
    expect(link.send(hello)).to.equal(true);
    for (let job = 1; job <= 100; job++) link.send({ say: 'stop', attempts: [`${job}.1.1`] });
    await waitUntil('heard.length === 101', () => heard.length === 101);
    expect(heard[0]).to.deep.equal(hello);
    expect(heard[100]).to.deep.equal({ say: 'stop', attempts: ['100.1.1'] });
    const there = [{ attempt: '1.1.1', holds: ['view:a'] }];
    links[0]?.send({ say: 'welcome', version: '1', pid: 7, attempts: there });
    await waitUntil('told.length === 1', () => told.length === 1);
    expect(told).to.deep.equal([{ say: 'welcome', version: '1', pid: 7, attempts: there }]);
  });

  it('carries a message of twenty megabytes to each side, also when both send at once', async () => {
    await listen();
    const told: FromProcwrap[] = [];
    const link = await dial(told);
    const version = 'ä'.repeat(10 * 1024 * 1024);
    link.send({ ...hello, version });
    await waitUntil('links.length === 1', () => links.length === 1);
    links[0]?.send({ say: 'welcome', version, pid: 7, attempts: [] });
    links[0]?.send({ say: 'started', started: [{ attempt: '1.1.1', pid: 8 }] });
    await waitUntil('heard.length === 1 && told.length === 2', () => heard.length === 1 && told.length === 2);
    expect(told[1]).to.deep.equal({ say: 'started', started: [{ attempt: '1.1.1', pid: 8 }] });
    expect((heard[0] as { version: string }).version.length).to.equal(version.length);
  });

  it('closes a connection that says what is not in the contract, and says so in the log', async () => {
    await listen();
    const closed: string[] = [];
    const link = await dial([], closed);
    link.send({ say: 'stop', attempts: ['none'] } as ToProcwrap);
    await waitUntil('closed.length === 1 && lost.length === 1', () => closed.length === 1 && lost.length === 1);
    expect(log.join()).to.match(/not in the contract/);
    expect(heard).to.deep.equal([]);
    expect(link.send(hello)).to.equal(false);
    const other: string[] = [];
    await dial([], other);
    links[1]?.send({ say: 'progressed', attempt: '1.1.1', fraction: 2 });
    await waitUntil('other.length === 1', () => other.length === 1);
  });

  it('outlives strangers', async () => {
    await listen();
    stranger().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    stranger().write(Buffer.from([0x49, 0x50, 0x43, 127, 127, 127, 127, 127, 255]));
    stranger().write(Buffer.from([0x49, 0x50, 0x43, ...Array(400).fill(127), 255]));
    stranger().write(Buffer.from('IPC\x84null', 'latin1'));
    stranger().write(Buffer.from('IPC\x87{"t":0}', 'latin1'));
    stranger().write(Buffer.from('IPC\x80', 'latin1'));
    stranger().end('IP');
    const socket = stranger();
    socket.write(Buffer.concat([Buffer.from('IPC'), Buffer.from([0x80 + 14]), Buffer.from('{"t":0,"d":{}}')]));
    await waitUntil('links.length === 1', () => links.length === 1);
    socket.write(Buffer.concat([Buffer.from([0x80 + 15]), Buffer.from('{"t":1,"d":"x"}')]));
    await waitUntil('lost.length === 1', () => lost.length === 1);
    const told: FromProcwrap[] = [];
    const link = await dial(told);
    link.send(hello);
    await waitUntil('heard.length === 1', () => heard.length === 1);
  });

  it('tells the one who dialled when the other end goes, and the other way round', async () => {
    await listen();
    const closed: string[] = [];
    const link = await dial([], closed);
    await waitUntil('links.length === 1', () => links.length === 1);
    link.close();
    await waitUntil('lost.length === 1', () => lost.length === 1);
    await dial([], closed);
    await server?.close();
    server = null;
    await waitUntil('closed.length === 2', () => closed.length === 2);
    expect(
      links.every((one) => one.send({ say: 'started', started: [{ attempt: '1.1.1', pid: 1 }] }) === false),
    ).to.equal(true);
  });

  it('says why nobody answers', async () => {
    await expectFailure(dial(), /ENOENT/);
    const silent = createServer(() => {}).listen(path);
    const handlers = { message: () => {}, closed: () => log.push('closed'), log: () => {} };
    await expectFailure(dialLink(path, handlers, 50), /no answer/);
    silent.close();
    expect(log).to.deep.equal([]);
  });

  it('refuses a path where something lies or somebody listens, and takes that of a dead socket', async () => {
    writeFileSync(path, 'precious');
    await expectFailure(listen(), /is not a socket/);
    expect(readFileSync(path, 'utf8')).to.equal('precious');
    rmSync(path);
    await listen();
    await expectFailure(
      listenLink(path, { connected: () => {}, message: () => {}, closed: () => {}, log: () => {} }),
      /Another server answers on .* Stop it first/,
    );
    await server?.close();
    await expectFailure(
      listenLink(join(base, 'none/s'), { connected: () => {}, message: () => {}, closed: () => {}, log: () => {} }),
      /ENOENT|EACCES/,
    );
    await listen();
  });

  it('reaches a socket whose path is longer than an address', async () => {
    const deep = join(base, 'd'.repeat(100), 'e'.repeat(100));
    mkdirSync(deep, { recursive: true });
    path = join(deep, 'procwrap.sock');
    await listen();
    const link = await dial();
    link.send(hello);
    await waitUntil('heard.length === 1', () => heard.length === 1);
  });
});

async function expectFailure(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Error);
  expect((error as Error).message).to.match(pattern);
}
