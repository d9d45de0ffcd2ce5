import type { Store } from '../store/store.ts';

/** Commits to the store, and tells how many seconds each took that came to pass. */
export function metered(store: Store, committed: (seconds: number) => void): Pick<Store, 'commit'> {
  return {
    async commit(changes) {
      const since = performance.now();
      await store.commit(changes);
      committed((performance.now() - since) / 1000);
    },
  };
}
