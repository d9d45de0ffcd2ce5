// Lets the programs of build/program run once as they run in earnest, in a home of their own, so that what V8 has
// compiled by then can be kept. It is the same each time: who is waited for is there before somebody looks for him.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const warm = fileURLToPath(new URL('warm.mjs', import.meta.url));
const patienceMilliseconds = 20_000;
const host = 'localhost';

/** Runs one that ends by itself. */
export async function warmAlone(file, words) {
  const { ended } = start(file, words);
  await ended;
}

/** Front, procwrap, server and rayctl of one farm. */
export async function warmFarm({ front, procwrap, server, rayctl }) {
  const home = mkdtempSync(join(tmpdir(), 'rayserver-'));
  const running = [];
  try {
    await warmAlone(front, ['--home', home, '--port', '0']);
    const waiting = start(procwrap, [host, home]);
    running.push(waiting);
    await until(() => existsSync(join(home, 'run/inner/procwrap.sock')), waiting);
    running.push(await startServer(server, home));
    await askHealth(join(home, 'run/submit.sock'));
    await warmAlone(rayctl, ['--home', home, 'jobs']);
    running.at(-1).child.kill();
    await Promise.all(running.map(({ ended }) => ended));
  } finally {
    for (const { child } of running) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs FILE under warm.mjs; predictable: V8 does the same each time. */
function start(file, words, { env = {}, descriptors = [] } = {}) {
  const child = spawn(process.execPath, ['--predictable', warm, file, ...words], {
    stdio: ['ignore', 'ignore', 'ignore', ...descriptors],
    env: { PATH: process.env.PATH, ...env },
    timeout: patienceMilliseconds,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('exit', (status, signal) =>
      status === 0 ? settle() : fail(new Error(`${[file, ...words].join(' ')}: ${signal ?? status}`)),
    );
  });
  // Whoever waits for it hears of it.
  ended.catch(() => undefined);
  return { child, ended };
}

/** As the launcher starts it. Settles when it has said that it serves. */
async function startServer(file, home) {
  const socket = createServer();
  await new Promise((bound, failed) => socket.once('error', failed).listen(0, '127.0.0.1', bound));
  const handover = {
    mode: 'daemon',
    home,
    host,
    startsProcwrap: true,
    procwrap: null,
    ready: 3,
    listen: 4,
    submit: null,
    port: socket.address().port,
    pidFile: null,
    manager: { notify: null, watchdog: null, journal: null },
    errors: [],
  };
  const env = { RAYSERVER_HANDOVER: JSON.stringify(handover) };
  const server = start(file, [home], { env, descriptors: ['pipe', socket._handle.fd] });
  socket.close();
  let word = '';
  for await (const part of server.child.stdio[handover.ready]) word += part;
  if (!word.includes('"ready"')) throw new Error(`the server does not serve: ${word}`);
  return server;
}

/** Whoever is to bring that about must not end before, with whatever status. */
async function until(isSo, { child }) {
  while (!isSo()) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${child.spawnargs[3]} ended too soon`);
    await pause(10);
  }
}

function askHealth(socketPath) {
  return new Promise((settle, fail) => {
    request({ socketPath, path: '/healthz' }, (response) => response.resume().once('end', settle))
      .once('error', fail)
      .end();
  });
}
