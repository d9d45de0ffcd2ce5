// Holds COUNT connections to PORT of the loopback address open, each of which sends a request a byte at a time, and
// connects anew where it is thrown out. Prints "ready" once all have connected or been turned away, then, when its
// standard input ends, how many were connected at most and how many were closed by the server.
import { connect } from 'node:net';

const [port = '0', count = '0'] = process.argv.slice(2).map(Number);
const start = 'GET /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ';
const byteMilliseconds = 3000;
const againMilliseconds = 1000;
let open = 0;
let most = 0;
let closed = 0;
let tried = 0;

/** @param isFirst - one of those that "ready" waits for */
function dial(isFirst) {
  const socket = connect({ port, host: '127.0.0.1' });
  let counted = false;
  const settle = () => {
    if (isFirst && ++tried === count) process.stdout.write('ready\n');
    isFirst = false;
  };
  const drip = setInterval(() => socket.write('a'), byteMilliseconds);
  socket.once('connect', () => {
    socket.write(start);
    counted = true;
    most = Math.max(most, ++open);
    settle();
  });
  socket.on('error', () => undefined);
  socket.resume();
  socket.once('close', () => {
    clearInterval(drip);
    settle();
    if (counted) open--;
    closed++;
    setTimeout(() => dial(false), againMilliseconds);
  });
}

let dialled = 0;
const wave = setInterval(() => {
  for (let i = 0; i < 250 && dialled < count; i++, dialled++) dial(true);
  if (dialled >= count) clearInterval(wave);
}, 20);
process.stdin.resume().once('end', () => {
  process.stdout.write(`${JSON.stringify({ most, closed })}\n`, () => process.exit());
});
