/** One simulation's way through the gate, from before its process starts until after it is gone. */
export interface Passage {
  /** Of the ambient file, for whoever must read it; null where the process is to make it. */
  readonly fd: number | null;
  /** Sentences: what was cut off, set aside, made, and what did not come in time. */
  readonly notes: readonly string[];
  /** Its process has read the file: others may write. Again and again is fine. */
  opened(): void;
  /** Whether the process, which says nothing itself, has read the file: to be asked now and then before {@link opened}. */
  hasRead(pid: number): boolean;
  /** Whether its process may have written to the file by now: it makes it, or others may write. */
  readonly mayHaveWritten: boolean;
  /** Who keeps the process from the file's lock that it waits for, in words; null while it waits for none. */
  keeperFrom(pid: number): string | null;
  /**
   * Does something to the process while none can be in the middle of a write, or have the file's lock. What is paused is
   * first let read the file; what is ended is not. What takes too long is done, or let go, all the same; a note says so.
   * @param deed for a pause it must last until the process stands still: until then it may take the lock
   * @param isWanted asked now and then while it waits; nothing is done once it says no, or the passage has been left
   */
  alone(deed: () => void | Promise<void>, manner?: 'end' | 'pause', isWanted?: () => boolean): Promise<void>;
  /**
   * Sets the file aside as `<name>.damaged-<n>`, with a text that says why. While others use it, it is cut there, and
   * only what was cut off is set aside. Before {@link leave}.
   * @returns a sentence that tells what was done
   */
  quarantine(reason: string): Promise<string>;
  /**
   * The process is gone. Looks at what has been written since it began, cuts off a partial record, sets a damaged file
   * aside, closes everything.
   * @param heard what the process itself has said of damage
   * @returns what is wrong with the file, as a sentence, or null
   */
  leave(heard?: string | null): Promise<{ readonly damage: string | null }>;
}

/** Milliseconds. */
export interface Limits {
  /** To be let in. */
  readonly enter: number;
  /** For a process to read the file, or to make it; then others may write, whatever it does. */
  readonly open: number;
  /** For a process to fill a new file while others wait; less than they wait to be let in. */
  readonly fill: number;
  /** For a process to be ended or paused in a good moment. */
  readonly alone: number;
  /** To look at the file once more. */
  readonly leave: number;
}

export const usual: Limits = { enter: 300_000, open: 120_000, fill: 240_000, alone: 10_000, leave: 30_000 };
