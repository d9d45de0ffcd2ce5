import { expect } from 'chai';
import { connectionTeller } from '../../../../src/client/rayctl/connection.ts';

describe('the loss of the connection', () => {
  it('is told once, and its return once, for however many wait', () => {
    const lines: string[] = [];
    const teller = connectionTeller((line) => lines.push(line), 300);
    const [first, second] = [teller(), teller()];
    for (const [tell, state] of [
      [first, 'lost'],
      [second, 'lost'],
      [second, 'back'],
      [first, 'back'],
      [first, 'lost'],
    ] as const)
      tell(state);
    const lost = 'The connection to the server is lost; trying for 5 min to get it back.';
    expect(lines).to.deep.equal([lost, 'The server is back.', lost]);
  });
});
