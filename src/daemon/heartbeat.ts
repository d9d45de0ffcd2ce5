/** Signs of life for a service manager that watches. */
export interface HeartbeatOptions {
  /** The longest time between two of them that it bears, microseconds. */
  readonly watchdog: number;
  /** Settles when all is well; where it hangs or rejects no sign is given. */
  readonly check: () => Promise<unknown>;
  readonly beat: () => void;
  /** Called with what `check` rejects with, once until it is well again. */
  readonly trouble: (error: unknown) => void;
  /** Calls back at that interval, milliseconds, as long as the process lives. */
  readonly every: (milliseconds: number, then: () => void) => void;
}

/** Gives one at once, and then two in the time that is given, as long as this process turns its loop and the check is passed. */
export function startHeartbeat({ watchdog, check, beat, trouble, every }: HeartbeatOptions): void {
  let [isChecking, isWell] = [false, true];
  const look = async (): Promise<void> => {
    if (isChecking) return;
    isChecking = true;
    try {
      await check();
      isWell = true;
      beat();
    } catch (error) {
      if (isWell) trouble(error);
      isWell = false;
    } finally {
      isChecking = false;
    }
  };
  void look();
  every(Math.max(1, Math.floor(watchdog / 2000)), () => void look());
}
