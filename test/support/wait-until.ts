/** What is no answer yet: nor is the number 0, in a file that is there but was not written yet. */
type NotYet = undefined | null | false | '';

/** Milliseconds after which a test gives up waiting; no test depends on how long anything takes. */
const patience = 120_000;

/**
 * Asks again and again until the answer is there (neither nothing, nor false, nor empty, nor 0) and gives it back.
 * @throws Error that names what was waited for and what was seen last
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | Promise<T>,
  options: { milliseconds?: number } = {},
): Promise<Exclude<T, NotYet>> {
  const end = Date.now() + (options.milliseconds ?? patience);
  let last: unknown;
  for (;;) {
    last = await look();
    if (last) return last as Exclude<T, NotYet>;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}; last seen: ${JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
