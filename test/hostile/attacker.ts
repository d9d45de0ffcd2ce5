import { corpus, wellFormed } from './corpus.ts';
import { flood, sendEach } from './flood.ts';
import { hang } from './slow.ts';
import { bearerOf, type Way } from './ways.ts';

/**
 * A process that attacks a job port: what it finds is printed, one JSON text a line. It is a process of its own, so
 * that its work does not slow down the client that measures.
 */
export type Attack =
  | { readonly is: 'corpus'; readonly way: Way }
  | { readonly is: 'flood'; readonly way: Way; readonly count: number; readonly seed: number }
  | { readonly is: 'hang'; readonly ways: readonly Way[]; readonly count: number };

const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
const attack = JSON.parse(process.argv[2] ?? '') as Attack;
switch (attack.is) {
  case 'corpus': {
    const requests = corpus(bearerOf(attack.way));
    const answers = await sendEach(
      attack.way,
      requests.map(({ bytes }) => bytes),
    );
    say(Object.fromEntries(requests.map(({ what }, at) => [`${at} ${what}`, answers[at]])));
    break;
  }
  case 'flood': {
    const bearer = bearerOf(attack.way);
    const seeds = [...wellFormed(bearer), ...corpus(bearer).map(({ bytes }) => bytes)].filter(
      (bytes) => bytes.length > 0 && bytes.length < 4096,
    );
    // Requests in order are as likely as all of the corpus together.
    const even = [...Array(40).fill(wellFormed(bearer)).flat(), ...seeds] as Buffer[];
    say(await flood(attack.way, even, attack.count, attack.seed));
    break;
  }
  case 'hang':
    hang(attack.ways, attack.count, say);
}
