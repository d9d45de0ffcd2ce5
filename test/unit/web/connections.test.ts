import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { Connections } from '../../../src/web/connections.ts';

/** A connection of a peer, without a socket. */
class Line extends EventEmitter {
  readonly peer: string;
  destroyed = false;
  /** Bytes that its client does not take. */
  writableLength = 0;

  constructor(peer = 'a') {
    super();
    this.peer = peer;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

const peerOf = (socket: Socket) => (socket as unknown as Line).peer;

function connectionsFor(most: number) {
  const connections = new Connections(most, peerOf);
  const add = (line: Line) => connections.add(line as unknown as Socket);
  /** A request on the connection; `complete`: with all of its body. */
  const ask = (line: Line, complete: boolean) => {
    const response = new EventEmitter();
    const request = { socket: line, complete } as unknown as IncomingMessage;
    connections.begin(request, response as ServerResponse);
    return { request, answered: () => response.emit('close') };
  };
  return { connections, add, ask, use: (line: Line) => connections.use(line as unknown as Socket) };
}

const gone = (lines: readonly Line[]) => lines.map((line) => line.destroyed);

describe('the connections of a listener', () => {
  it('make room: the one that has stood still for longest goes', () => {
    const { connections, add, use } = connectionsFor(3);
    const lines = [new Line(), new Line(), new Line()];
    expect(lines.map(add)).to.deep.equal([null, null, null]);
    for (const line of lines.slice(0, 1)) use(line);
    expect(add(new Line())).to.equal('other');
    expect(gone(lines)).to.deep.equal([false, true, false]);
    expect(connections.count).to.equal(3);
  });

  it('of the peer that has most make room first', () => {
    const { add } = connectionsFor(4);
    const [few, many] = [[new Line('few')], [new Line('many'), new Line('many'), new Line('many')]];
    for (const line of [...few, ...many]) add(line);
    expect(add(new Line('new'))).to.equal('other');
    expect([gone(few), gone(many)]).to.deep.equal([[false], [true, false, false]]);
  });

  it('stay while we owe an answer, and go where the client owes the rest of its request or does not read', () => {
    for (const [complete, unread, expected] of [
      [true, 0, 'this'],
      [false, 0, 'other'],
      [true, 1000, 'other'],
    ] as const) {
      const { add, ask } = connectionsFor(1);
      const line = new Line();
      add(line);
      ask(line, complete);
      line.writableLength = unread;
      const late = new Line();
      expect(add(late), `${complete} ${unread}`).to.equal(expected);
      expect([line.destroyed, late.destroyed]).to.deep.equal([expected === 'other', expected === 'this']);
    }
  });

  it('may go again when they are answered', () => {
    const { add, ask } = connectionsFor(1);
    const line = new Line();
    add(line);
    ask(line, true).answered();
    expect(add(new Line())).to.equal('other');
  });

  it('that owe nothing are found behind many that are owed an answer, in a few steps', () => {
    const { add, ask } = connectionsFor(200);
    const busy = Array.from({ length: 199 }, () => new Line());
    for (const line of busy) {
      add(line);
      ask(line, true);
    }
    const idle = new Line();
    add(idle);
    const outcomes = Array.from({ length: 4 }, () => add(new Line()));
    expect(outcomes).to.deep.equal(['this', 'this', 'this', 'other']);
    expect([idle.destroyed, busy.some((line) => line.destroyed)]).to.deep.equal([true, false]);
  });

  it('are forgotten when they close', () => {
    const { connections, add, use } = connectionsFor(10);
    const lines = Array.from({ length: 10 }, (_, at) => new Line(`peer ${at}`));
    for (const line of lines) add(line);
    for (const line of lines) line.destroy();
    for (const line of lines) use(line);
    expect(connections.count).to.equal(0);
  });
});
