/** Milliseconds after which a test gives up waiting; no test depends on how long anything takes. */
const patience = 20_000;

/**
 * Asks again and again until the answer is there (neither undefined, null nor false) and gives it back.
 * @throws Error that names what was waited for and what was seen last
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | Promise<T>,
  options: { milliseconds?: number } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + (options.milliseconds ?? patience);
  let last: unknown;
  for (;;) {
    last = await look();
    if (last !== undefined && last !== null && last !== false) return last as Exclude<T, undefined | null | false>;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}; last seen: ${JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
