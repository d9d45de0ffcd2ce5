/** Skips a test, or all tests of a hook. What was not tried, and why, is printed: nobody should have to guess. */
export function skip(context: Mocha.Context, reason: string): never {
  console.log(`      skipped: ${reason}`);
  return context.skip();
}
