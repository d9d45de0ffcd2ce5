import type { Usage } from '../model/task.ts';

/** Of programs that ran one after another. */
export function sum(before: Usage | null, usage: Usage | null): Usage | null {
  if (!before || !usage) return before ?? usage;
  return {
    userSeconds: before.userSeconds + usage.userSeconds,
    systemSeconds: before.systemSeconds + usage.systemSeconds,
    peakBytes: Math.max(before.peakBytes, usage.peakBytes),
  };
}
