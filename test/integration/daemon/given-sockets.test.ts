import { closeSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { readGiven } from '../../../src/daemon/given-sockets.ts';
import { messages } from '../../../src/daemon/messages.ts';
import { listeningAt } from '../../../src/unix/given-socket.ts';
import { socketDescriptor } from '../../../src/unix/native.ts';
import { temporaryDirectory } from '../../support/program.ts';

describe('sockets that a service manager has bound', () => {
  let place: { path: string; remove: () => void };
  let servers: Server[];
  beforeEach(() => {
    place = temporaryDirectory();
    servers = [];
  });
  afterEach(() => {
    for (const server of servers) server.close();
    place.remove();
  });

  const listen = (where: { host: string; port: number } | { path: string }) =>
    new Promise<{ fd: number; port: number }>((listening, failed) => {
      const server = createServer().once('error', failed);
      servers.push(server);
      server.listen(where, () => {
        const address = server.address();
        listening({ fd: socketDescriptor(server), port: typeof address === 'object' ? (address?.port ?? 0) : 0 });
      });
    });
  const onTcp = (host = '127.0.0.1') => listen({ host, port: 0 });
  const onUnix = () => listen({ path: join(place.path, `s${servers.length}`) });
  const read = (...fds: number[]) =>
    readGiven(
      fds.map((fd) => ({ name: 'rayserver.socket', fd })),
      null,
    );

  it('are told by their kind, in any order, both or one of them', async () => {
    const [http, submit] = [await onTcp(), (await onUnix()).fd];
    expect(read(http.fd, submit)).to.deep.equal({ http, submit });
    expect(read(submit, http.fd)).to.deep.equal({ http, submit });
    expect(read(submit)).to.deep.equal({ http: null, submit });
    expect(read()).to.deep.equal({ http: null, submit: null });
  });

  for (const host of ['127.0.0.1', '127.1.2.3', '::1']) {
    it(`may be at ${host}`, async () => {
      const { fd, port } = await onTcp(host);
      expect(listeningAt(fd)).to.deep.equal({ is: 'tcp', address: host, port });
      expect(read(fd).http).to.deep.equal({ fd, port });
    });
  }

  for (const host of ['0.0.0.0', '::']) {
    it(`may not be at ${host}, which the network reaches`, async () => {
      const { fd } = await onTcp(host);
      expect(() => read(fd)).to.throw(messages.networkAddress(host));
    });
  }

  it('must have the port that was asked for, if one was', async () => {
    const { fd, port } = await onTcp();
    const given = [{ name: 'x', fd }];
    expect(readGiven(given, port).http).to.deep.equal({ fd, port });
    expect(() => readGiven(given, port - 1)).to.throw(messages.otherPort(port - 1, port));
  });

  it('are refused where there are two of a kind', async () => {
    const [one, two] = [await onTcp(), await onTcp('::1')];
    expect(() => read(one.fd, two.fd)).to.throw(messages.strangeSocket('rayserver.socket'));
    const [three, four] = [await onUnix(), await onUnix()];
    expect(() => read(three.fd, four.fd)).to.throw(messages.strangeSocket('rayserver.socket'));
  });

  it('are refused where they are no sockets', () => {
    const fd = openSync('/dev/null', 'r');
    try {
      expect(() => read(fd)).to.throw(messages.strangeSocket('rayserver.socket'));
    } finally {
      closeSync(fd);
    }
  });
});
