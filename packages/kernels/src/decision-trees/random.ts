/** Seeded whole numbers below n: sfc32 (C. Doty-Humphrey, PractRand), started with the seed and a counter. */
export class RandomIntegers {
  #a = 0;
  #b = 0;
  #c: number;
  #counter = 1;

  /** Other seeds (32 bits) give other sequences. */
  constructor(seed: number) {
    this.#c = seed >>> 0;
    for (let k = 0; k < 15; k++) this.#next();
  }

  below(n: number): number {
    return Math.floor((this.#next() / 4294967296) * n);
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }
}
