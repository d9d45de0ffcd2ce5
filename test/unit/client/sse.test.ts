import { expect } from 'chai';
import fc from 'fast-check';
import { EventParser, type StreamEvent } from '../../../src/client/sse.ts';

function parse(pieces: string[]): StreamEvent[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}

const data = (text: string, event = 'message'): StreamEvent => ({ event, data: text, id: null, retry: null });

describe('an event stream', () => {
  it('gives each event when its blank line is there', () => {
    const parser = new EventParser();
    expect(parser.feed('event: job\ndata: {"a":1}\n')).to.deep.equal([]);
    expect(parser.feed('\n')).to.deep.equal([data('{"a":1}', 'job')]);
  });

  it('takes LF, CR and CR LF as ends of lines', () => {
    const expected = [data('one'), data('two')];
    expect(parse(['data: one\n\ndata: two\n\n'])).to.deep.equal(expected);
    expect(parse(['data: one\r\rdata: two\r\r'])).to.deep.equal(expected);
    expect(parse(['data: one\r\n\r\ndata: two\r\n\r\n'])).to.deep.equal(expected);
  });

  it('joins the lines of one event', () => {
    expect(parse(['data: one\ndata:two\ndata\n\n'])).to.deep.equal([data('one\ntwo\n')]);
  });

  it('passes over comments, unknown fields, and events without data', () => {
    expect(parse([': still here\n\nevent: nothing\n\nsmell: roses\ndata: x\n\n'])).to.deep.equal([data('x')]);
  });

  it('keeps the id and the pause for connecting anew', () => {
    const events = parse(['retry: 2000\nid: 7\ndata: x\n\nretry: soon\nid: a\0b\ndata: y\n\n']);
    expect(events).to.deep.equal([
      { event: 'message', data: 'x', id: '7', retry: 2000 },
      { event: 'message', data: 'y', id: '7', retry: 2000 },
    ]);
  });

  it('drops a byte order mark at the start only', () => {
    expect(parse(['\ufeffdata: x\n\n', '\ufeffdata: y\n\n'])).to.deep.equal([data('x')]);
  });

  it('gives up on an event that never ends', () => {
    const parser = new EventParser();
    const piece = 'x'.repeat(1024 * 1024);
    expect(() => {
      parser.feed('data: ');
      for (let count = 0; count < 17; count += 1) parser.feed(piece);
    }).to.throw(RangeError);
  });

  it('is read alike however it is cut', () => {
    const line = fc.constantFrom(
      'data: {"id":1}',
      'data:x',
      'data',
      'event: job',
      'id: 3',
      ': hello',
      'retry: 9',
      'é: ü',
      '',
    );
    const end = fc.constantFrom('\n', '\r', '\r\n');
    const stream = fc.array(fc.tuple(line, end)).map((lines) => lines.flat().join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 20 }), (text, cuts) => {
        const places = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((one, other) => one - other);
        const pieces = [0, ...places].map((from, at) => text.slice(from, places[at] ?? text.length));
        expect(pieces.join('')).to.equal(text);
        expect(parse(pieces)).to.deep.equal(parse([text]));
      }),
      { numRuns: 500 },
    );
  });
});
