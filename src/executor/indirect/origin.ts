/** The files that light depends on, as they were when they were read: a program opens them later, by their names. */
export class Origin {
  readonly #contentNow: (path: string) => Promise<string>;
  readonly #contents = new Map<string, string>();

  /** @param contentNow tells by their contents what files have these names */
  constructor(contentNow: (path: string) => Promise<string>) {
    this.#contentNow = contentNow;
  }

  /** @returns its content */
  async read(path: string): Promise<string> {
    const content = await this.#contentNow(path);
    this.#contents.set(path, content);
    return content;
  }

  /**
   * Why a program that has read them by now may have seen others, a sentence; null if it has not. A disk that does not
   * answer says nothing of it.
   */
  async trouble(): Promise<string | null> {
    for (const [path, content] of this.#contents)
      if ((await this.#contentNow(path).catch(() => content)) !== content)
        return `${path} was replaced or changed while the simulation was loading it.`;
    return null;
  }
}
