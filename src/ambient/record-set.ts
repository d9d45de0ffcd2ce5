/**
 * Which records have been seen, by 64 bits made of each: among a million of them two that differ are taken for the same
 * with a chance of 3 in 100 million, and then one value is computed anew. A table that never grows, so that nobody waits
 * while millions of entries are moved.
 */
export class RecordSet {
  /** Two words for each place; both zero: free. */
  readonly #places: Uint32Array;

  /** @param most records that will be added */
  constructor(most: number) {
    this.#places = new Uint32Array(2 * 2 ** Math.ceil(Math.log2(2 * most + 2)));
  }

  /** @returns false if it is there already */
  add(bytes: DataView, at: number, length: number): boolean {
    const [one, other] = wordsOf(bytes, at, length);
    const places = this.#places;
    for (let place = (one * 2) & (places.length - 1); ; place = (place + 2) & (places.length - 1)) {
      if (places[place] === one && places[place + 1] === other) return false;
      if (places[place + 1] !== 0) continue;
      places[place] = one;
      places[place + 1] = other;
      return true;
    }
  }
}

/** Both from 0 up to 2 ** 32, the second never 0. */
function wordsOf(bytes: DataView, at: number, length: number): [number, number] {
  let one = 0x9e37_79b9;
  let other = 0x7f4a_7c15;
  const whole = at + length - (length % 4);
  for (let position = at; position < at + length; position += 4) {
    let word = 0;
    if (position < whole) word = bytes.getInt32(position);
    else for (let last = position; last < at + length; last += 1) word = (word << 8) | bytes.getUint8(last);
    one = mixed(Math.imul(one ^ word, 0x85eb_ca6b));
    other = mixed(Math.imul(other + word, 0xc2b2_ae35) ^ one);
  }
  return [one >>> 0, (other | 1) >>> 0];
}

function mixed(word: number): number {
  return Math.imul(word ^ (word >>> 15), 0x2c1b_3c6d) ^ (word << 7);
}
