import { expect } from 'chai';
import { figure, readExposition } from '../../support/exposition.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type Opened, openTestPort } from '../../support/web-port.ts';

describe('the figures for Prometheus', () => {
  let port: Opened;
  beforeEach(async () => {
    port = await openTestPort();
  });
  afterEach(() => port.close());

  const scrape = async () => {
    const { status, headers, body } = await port.ask('/metrics');
    expect([status, headers['content-type']]).to.deep.equal([200, 'text/plain; version=0.0.4; charset=utf-8']);
    return readExposition(body.toString());
  };

  it('tell how the farm stands', async () => {
    port.farm.add();
    port.farm.add({ state: 'running' });
    const figures = await scrape();
    expect(figure(figures, 'rayserver_jobs', { state: 'waiting' })).to.equal(1);
    expect(figure(figures, 'rayserver_jobs', { state: 'running' })).to.equal(1);
    expect(figure(figures, 'rayserver_tasks', { state: 'running' })).to.equal(1);
    expect([figure(figures, 'rayserver_slots'), figure(figures, 'rayserver_slots_taken')]).to.deep.equal([2, 1]);
  });

  it('count what happens', async () => {
    port.metrics.committed(0.003);
    port.metrics.committed(0.3);
    port.metrics.attemptsStarted(3);
    port.metrics.attemptEnded('done');
    port.metrics.attemptEnded('done');
    port.metrics.attemptEnded('failed');
    const figures = await scrape();
    expect(figure(figures, 'rayserver_store_commit_seconds_count')).to.equal(2);
    expect(figure(figures, 'rayserver_store_commit_seconds_sum')).to.be.closeTo(0.303, 1e-9);
    expect(figure(figures, 'rayserver_store_commit_seconds_bucket', { le: '0.005' })).to.equal(1);
    expect(figure(figures, 'rayserver_store_commit_seconds_bucket', { le: '+Inf' })).to.equal(2);
    expect(figure(figures, 'rayserver_attempts_started_total')).to.equal(3);
    expect(figure(figures, 'rayserver_attempts_ended_total', { outcome: 'done' })).to.equal(2);
    expect(figure(figures, 'rayserver_attempts_ended_total', { outcome: 'failed' })).to.equal(1);
  });

  it('have the time of each request by operation and status, and nothing that a client makes up', async () => {
    await port.ask('/api/v1/jobs');
    await port.ask('/api/v1/jobs');
    await port.ask('/api/v1/jobs/7');
    await port.ask('/made-up-by-a-client');
    await port.ask('/api/v1/server', { anonymous: true });
    const count = (operation: string, status: number) => ({ operation, status: String(status) });
    const figures = await waitUntil('all of them', async () => {
      const found = await scrape();
      const last = figure(found, 'rayserver_request_seconds_count', count('none', 401));
      return last === 1 ? found : null;
    });
    const of = (operation: string, status: number) =>
      figure(figures, 'rayserver_request_seconds_count', count(operation, status));
    expect([of('listJobs', 200), of('showJob', 404), of('none', 404)]).to.deep.equal([2, 1, 1]);
    expect(JSON.stringify(figures)).to.not.contain('made-up');
  });

  it('have open connections and event streams, but not the time of a stream', async () => {
    port.farm.add();
    const socket = port.connect(true);
    let seen = '';
    socket.on('data', (data: Buffer) => {
      seen += data.toString();
    });
    socket.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await waitUntil('the stream', () => seen.includes('event: reset'));
    const during = await scrape();
    expect(figure(during, 'rayserver_event_streams')).to.equal(1);
    expect(figure(during, 'rayserver_connections', { way: 'socket' })).to.equal(1);
    expect(figure(during, 'rayserver_connections', { way: 'tcp' })).to.be.at.least(1);
    socket.destroy();
    const after = await waitUntil('its end', async () => {
      const found = await scrape();
      return figure(found, 'rayserver_event_streams') === 0 ? found : null;
    });
    expect(after.filter(({ labels }) => labels['operation']?.startsWith('watch'))).to.deep.equal([]);
  });

  it('have the process and its event loop', async () => {
    const figures = await scrape();
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds'])
      expect(figure(figures, name), name).to.be.above(0);
    expect(figures.map(({ name }) => name)).to.include.members(['nodejs_eventloop_lag_seconds', 'process_open_fds']);
  });

  it('are for those who bear the token, or come through the socket', async () => {
    expect((await port.ask('/metrics', { anonymous: true })).status).to.equal(401);
    expect((await port.ask('/metrics', { local: true })).status).to.equal(200);
  });
});
