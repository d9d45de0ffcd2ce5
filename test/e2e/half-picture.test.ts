import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JobView } from '../../src/protocol/api.ts';
import { Lab } from '../support/lab.ts';
import { waitUntil } from '../support/wait-until.ts';

describe('a picture in the middle of which everything is lost', function () {
  this.timeout(180_000);
  let lab: Lab;
  let project: string;
  const at = (name: string) => join(project, name);
  // Direct light, for some seconds.
  const set = ['QUALITY=Low', 'INDIRECT=0', 'RESOLUTION=1000', 'render=-ds .05'];
  const words = () => ['submit', at('room.rif'), '--view', 'door', ...set.flatMap((one) => ['--set', one])];
  // rad's own options win: its pixels are a matter of chance, so only their number counts here,
  // and no exposure.
  const header = () => {
    const [text = '', size] = readFileSync(at('images/room_door.hdr'), 'latin1').split(/\n\n(.*)\n/s, 2);
    return [text.replace(/^\s*(CAPDATE|GMT|EXPOSURE)=.*\n?/gm, '').replace(/ +$/gm, ''), size?.split('\n')[0]];
  };
  const grown = (bytes: number) =>
    waitUntil('half a picture', () => {
      const half = at('images/room_door.unf');
      return existsSync(half) && statSync(half).size > bytes;
    });

  beforeEach(async () => {
    lab = await Lab.make();
    project = lab.project();
    await lab.startDaemon();
  });
  afterEach(() => lab.close());

  it('is gone on with where it was, and is the same in the end', async () => {
    await lab.json<JobView>(...words(), '--wait');
    const undisturbed = header();
    const job = await lab.json<JobView>(...words(), '--force');
    await grown(200_000);
    lab.daemon?.kill('SIGKILL');
    for (const pid of [...lab.procwraps(), ...lab.renderers()]) process.kill(pid, 'SIGKILL');
    await lab.daemon?.ended;
    await lab.startDaemon();
    const ended = await lab.rayctl('wait', String(job.id));
    expect(ended.status, ended.stderr).to.equal(0);
    expect(readFileSync(at('logfiles/room.door.log'), 'utf8')).to.match(/^# goes on after scan line \d{2,} of /m);
    expect(header()).to.deep.equal(undisturbed);
    await waitUntil('no litter', () => readdirSync(at('images')).length === 1);
    expect([readdirSync(at('images')), readdirSync(at('proc'))]).to.deep.equal([['room_door.hdr'], []]);
  });

  it('is removed with its job', async () => {
    const job = await lab.json<JobView>(...words());
    await grown(100_000);
    for (const pid of lab.procwraps()) process.kill(pid, 'SIGKILL');
    await waitUntil('the next attempt', () => lab.renderers().length > 0);
    await lab.rayctl('cancel', String(job.id));
    await lab.rayctl('wait', String(job.id));
    const left = () => [...readdirSync(at('images')), ...readdirSync(at('proc'))];
    await waitUntil('no litter', () => left().length === 0);
  });
});
