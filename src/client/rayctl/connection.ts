import { duration } from './text.ts';

/**
 * Tells once when the connection to the server is lost and once when the server is back, for however many wait.
 * @returns makes what each of them calls
 */
export function connectionTeller(
  say: (line: string) => void,
  patienceSeconds: number,
): () => (state: 'lost' | 'back') => void {
  let lost = 0;
  return () => (state) => {
    lost += state === 'lost' ? 1 : -1;
    if (state === 'lost' && lost === 1) {
      say(`The connection to the server is lost; trying for ${duration(patienceSeconds)} to get it back.`);
    }
    if (state === 'back' && lost === 0) say('The server is back.');
  };
}
