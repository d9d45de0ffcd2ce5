import { spread } from './figures.ts';
import type { Entrant, Figures, Row, RowResult, Taken } from './row.ts';

/** What measures the machine itself before each round: the seconds of a fixed piece of work; null where it cannot. */
export type Yardstick = (() => Promise<number>) | null;

export type Say = (line: string) => void;

/** A run in which the floor varies by more than this share says more about the machine than about us. */
const mostSpread = 0.15;

/** All rounds of a row, the entrants in turn: A B A B, so that what else the machine does meets them alike. */
export async function measureRow(row: Row, rounds: number, yardstick: Yardstick, say: Say): Promise<RowResult> {
  const taken: Taken[] = [];
  for (const { name, absent } of row.entrants) taken.push({ entrant: name, rounds: [], absent: await absent() });
  const floor: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    if (yardstick) floor.push(await yardstick());
    for (const [index, entrant] of row.entrants.entries()) {
      const own = taken[index];
      if (!own || own.absent !== null) continue;
      say(`${row.name}: round ${round} of ${rounds}: ${entrant.name}`);
      try {
        own.rounds.push(await limited(entrant, row.seconds));
      } catch (error) {
        own.absent = `Failed in round ${round}: ${error instanceof Error ? error.message : String(error)}`;
        say(`${row.name}: ${entrant.name}: ${own.absent}`);
      }
    }
  }
  return { row, taken, yardstick: floor };
}

/** The entrant is told to end when its time is over, and given as long again to clean up. */
async function limited(entrant: Entrant, seconds: number): Promise<Figures> {
  const signal = AbortSignal.timeout(seconds * 1000);
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`no end within ${2 * seconds} seconds`)), 2 * seconds * 1000);
  });
  try {
    const figures = await Promise.race([entrant.measure(signal), stuck]);
    if (signal.aborted) throw new Error(`it took longer than ${seconds} seconds`);
    return figures;
  } catch (error) {
    throw signal.aborted ? new Error(`no end within ${seconds} seconds`, { cause: error }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Why the figures of this run are not to be trusted, or null. */
export function noise(yardstick: readonly number[]): string | null {
  const share = spread(yardstick);
  if (share <= mostSpread) return null;
  return `Too noisy: the C floor varied by ${Math.round(share * 100)} % (at most ${mostSpread * 100} % would do). Run it again on a quiet machine.`;
}
