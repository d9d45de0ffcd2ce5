import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { homeAt } from '../../../src/config/home.ts';
import { defaultSettings } from '../../../src/config/settings.ts';
import type { ToProcwrap } from '../../../src/protocol/inner.ts';
import { type LinkServer, listenLink, type ProcwrapLink } from '../../../src/protocol/link.ts';
import { openFarm, type RunningFarm } from '../../../src/server/farm.ts';
import { Procwrap } from '../../../src/server/procwrap.ts';
import { memoryStore } from '../../../src/store/memory.ts';
import { Metrics } from '../../../src/web/metrics.ts';
import { services } from '../../support/executor.ts';
import { pictureJob } from '../../support/jobs.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('a farm and its host', () => {
  const home = homeAt(mkdtempSync(join(tmpdir(), 'farm-')));
  const caller = { user: 'ann', uid: 1001, peer: 'socket' };
  let log: string[];
  let heard: ToProcwrap[];
  let host: LinkServer;
  let hear: (message: ToProcwrap, link: ProcwrapLink) => void;

  before(() => mkdirSync(home.inner, { recursive: true }));
  after(() => rmSync(home.path, { recursive: true }));
  beforeEach(async () => {
    [log, heard] = [[], []];
    hear = () => undefined;
    host = await listenLink(home.procwrapSocket, {
      connected: () => undefined,
      message: (message, link) => {
        heard.push(message);
        hear(message, link);
      },
      closed: () => undefined,
      log: (_level, text) => log.push(text),
    });
  });
  afterEach(() => host.close());

  const open = (store = memoryStore()): Promise<RunningFarm> =>
    openFarm({
      meters: new Metrics(),
      home,
      host: 'lab1',
      slots: 1,
      port: 9182,
      hosts: { current: () => null, reload: () => null },
      settings: defaultSettings(),
      identity: { uid: 1, gid: 1, user: 'ray', group: 'rfusers', home: '/', shell: '/bin/sh' },
      version: '1.2.3',
      store,
      startProcwrap: () => undefined,
      changed: () => undefined,
      now: Date.now,
      log: (_level, text) => log.push(text),
    });

  const newProcwrap = () =>
    new Procwrap({
      socket: home.procwrapSocket,
      version: '1.2.3',
      settings: { radiance: null, planSeconds: 60, logBytes: 4096, services: services(), reportSeconds: 1, slots: 2 },
      start: () => undefined,
      heard: () => undefined,
      lost: () => undefined,
      pause: () => Promise.resolve(),
      log: () => undefined,
    });

  it('closes while its store cannot be written; the next start goes on from what is there', async () => {
    const store = memoryStore();
    await store.commit([{ job: pictureJob(1), tasks: 'all' }]);
    const farm = await open(store);
    store.commit = () => Promise.reject(new Error('no space left on device'));
    let isClosed = false;
    store.close = async () => {
      isClosed = true;
    };
    const cancelled = farm.cancel(caller, 1).catch((error: Error) => error.message);
    await waitUntil('the trouble in the log', () => log.some((line) => line.includes('the store cannot be written')));
    await farm.close();
    expect(await cancelled).to.equal('no space left on device What was asked is done when that is mended.');
    expect([isClosed, (await store.job(1))?.state.is]).to.deep.equal([true, 'waiting']);
  });

  it('closes a file on the host that was opened too late', async () => {
    let link: ProcwrapLink | null = null;
    hear = (message, from) => {
      if (message.say === 'ask' && message.question.ask === 'open') link = from;
    };
    const procwrap = newProcwrap();
    await procwrap.connect();
    const { project } = pictureJob(1);
    const late = await procwrap.ask({ ask: 'open', project, path: 'a.hdr', as: 'file' }, 0.05).catch((error) => error);
    expect(late.message).to.match(/^No answer within 0.05 seconds/);
    const asker = await waitUntil('the question', () => link);
    asker.send({ say: 'answer', id: 1, answer: { kind: 'open', handle: 7, bytes: 3 } });
    await waitUntil('the file to be closed', () =>
      heard.some(
        (message) => message.say === 'ask' && message.question.ask === 'close' && message.question.handle === 7,
      ),
    );
    procwrap.close();
  });

  it('takes leave of a host that answers only when the farm closes', async () => {
    const said: string[] = [];
    hear = (message) => said.push(message.say);
    const procwrap = newProcwrap();
    const connecting = procwrap.connect();
    procwrap.close();
    await connecting;
    expect([procwrap.connected, said]).to.deep.equal([false, []]);
  });
});
