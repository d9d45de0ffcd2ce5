/** The store cannot do what was asked; nothing of it was done. The message is a sentence for the log and the user. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
