import type { Session } from './session.ts';

/**
 * Prints a JSON object with a list that may be long, an element a line, as they come.
 * @param head the keys before the list
 * @param key the name of the list
 */
export class JsonList {
  readonly #session: Session;
  #before: string;

  constructor(session: Session, head: object, key: string) {
    this.#session = session;
    const keys = JSON.stringify(head).slice(0, -1);
    this.#before = `${keys}${keys === '{' ? '' : ','}${JSON.stringify(key)}:[\n`;
  }

  add(elements: readonly unknown[]): void {
    for (const element of elements) {
      this.#session.world.stdout.write(`${this.#before}${JSON.stringify(element)}`);
      this.#before = ',\n';
    }
  }

  /** @param tail the keys after the list */
  end(tail: object): void {
    const isEmpty = this.#before !== ',\n';
    const keys = JSON.stringify(tail).slice(1);
    this.#session.print(`${isEmpty ? this.#before : '\n'}]${keys === '}' ? '' : ','}${keys}`);
  }
}
