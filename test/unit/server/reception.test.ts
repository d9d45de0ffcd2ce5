import { expect } from 'chai';
import { defaultSettings } from '../../../src/config/settings.ts';
import { Refusal } from '../../../src/model/refusal.ts';
import type { SubmitRequest } from '../../../src/protocol/api.ts';
import { emptyFarm } from '../../../src/scheduler/farm.ts';
import type { FarmOptions } from '../../../src/server/options.ts';
import { Reception } from '../../../src/server/reception.ts';
import { memoryStore } from '../../../src/store/memory.ts';

describe('the reception of jobs', () => {
  let asked: number;
  const options = {
    store: memoryStore(),
    hosts: { current: () => null, reload: () => null },
    settings: defaultSettings(),
    now: Date.now,
  } as Partial<FarmOptions> as FarmOptions;
  const procwrap = {
    ask: () => {
      asked += 1;
      return Promise.reject(new Refusal('no-such-project', 'looked at'));
    },
  };
  const submit = (request: Partial<SubmitRequest>): Promise<string> => {
    const reception = new Reception({
      options,
      farm: emptyFarm(),
      procwrap,
      happen: async () => {},
      kept: async () => null,
    });
    const whole = { kind: 'command', project: { path: '/projects/room' }, command: ['true'], ...request };
    const submitted = reception.submit({ user: 'ann', uid: 1001, peer: 'socket' }, whole as SubmitRequest, null);
    return submitted.then(
      () => 'taken',
      (error: Refusal) => `${error.code}: ${error.message}`,
    );
  };

  beforeEach(() => {
    asked = 0;
  });

  it('has the host look at the project of a command that is sound, which may have empty arguments', async () => {
    expect(await submit({ command: ['true', ''] })).to.equal('no-such-project: looked at');
    expect(asked).to.equal(1);
  });

  const unsound: [string, Partial<SubmitRequest>, RegExp][] = [
    ['a program without a name', { command: ['', 'x'] }, /^malformed: The first word of "command" is empty: name a/],
    [
      'a word longer than Linux takes',
      { command: ['cat', 'ä'.repeat(65_536)] },
      /^malformed: Word 2 of "command" has 131072 bytes; Linux takes 131071 at most\. Let the program read it from a file/,
    ],
    ['a list of frames that is none', { frames: '1-' }, /^unknown-frames: Frames are written like/],
  ];
  for (const [what, request, sentence] of unsound) {
    it(`refuses ${what} before the host is asked`, async () => {
      expect(await submit(request)).to.match(sentence);
      expect(asked).to.equal(0);
    });
  }
});
