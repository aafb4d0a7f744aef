// A retry delay that is random in production and reproducible in a test.
import { createRandomSource, type RandomBytes, randomBytes } from '@devp2p/random';
import { createSeededRandom } from '@devp2p/random/seeded';

/** Returns the delays of four attempts in milliseconds: 1 s, doubled each time, with up to 50 % added. */
function retryDelays({ random = randomBytes }: { random?: RandomBytes } = {}): number[] {
  const source = createRandomSource(random);
  return [1000, 2000, 4000, 8000].map((delay) => Math.floor(delay * (1 + source.fraction() / 2)));
}

console.log(retryDelays().length); // 4

const first = retryDelays({ random: createSeededRandom(42).bytes });
const second = retryDelays({ random: createSeededRandom(42).bytes });
console.log(first.join() === second.join()); // true

const dice = createSeededRandom(42);
console.log(dice.below(6) < 6, dice.pick(['red', 'green']) !== undefined); // true true
