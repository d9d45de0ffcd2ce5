// Submits a simulation, shows how it comes on, and fetches its pictures as PNG files into this directory.
//   node examples/client/submit.mjs /path/to/project/room.rif [ADDRESS]
import { createWriteStream } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { findServer, RayserverClient } from 'rayserver';

const file = resolve(process.argv[2] ?? 'room.rif');
await using client = new RayserverClient(findServer({ server: process.argv[3] }));

const project = { path: dirname(file) };
let job = await client.submit({ kind: 'radiance', project, rif: basename(file) });
for await (job of client.wait(job.id)) console.log(`job ${job.id}: ${job.state}, ${Math.floor(job.progress * 100)} %`);

if (job.state !== 'done') throw new Error(`Job ${job.id}: ${job.reason}`);
for (const { path } of job.results.filter((result) => result.path.endsWith('.hdr'))) {
  const { stream } = await client.result(job.id, path, { as: 'png' });
  await pipeline(stream, createWriteStream(`${basename(path, '.hdr')}.png`));
  console.log(`${basename(path, '.hdr')}.png`);
}
