/** Time as the executor sees it, handed in so that tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Milliseconds since some moment, for how long something takes: nobody sets this one, and it does not jump. */
  passed(): number;
  /** Calls `deed` once, later; the returned function takes that back. */
  after(milliseconds: number, deed: () => void): () => void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  passed: () => performance.now(),
  after: (milliseconds, deed) => {
    const timer = setTimeout(deed, milliseconds);
    return () => clearTimeout(timer);
  },
};
