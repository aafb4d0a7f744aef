import type { Random } from '../../test/fuzz/random.ts';
import type { Kind } from './instructions.ts';
import { knownAddresses } from './world.ts';

const max = 2n ** 256n - 1n;

/** Values at which the results of arithmetic change: limits of words, of signed numbers and of machine integers. */
const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  31n,
  32n,
  33n,
  127n,
  128n,
  255n,
  256n,
  257n,
  2n ** 16n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 64n,
  2n ** 128n - 1n,
  2n ** 128n,
  2n ** 160n,
  2n ** 255n - 1n,
  2n ** 255n,
  2n ** 255n + 1n,
  max - 255n,
  max - 1n,
  max,
];

const far: readonly bigint[] = [
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 32n,
  2n ** 64n,
  max,
];

function word(random: Random): bigint {
  if (!random.oneIn(3)) return random.pick(edges);
  // Any number of bytes, and also the negative numbers with few digits.
  const value = BigInt(`0x0${Buffer.from(random.bytes(random.below(33))).toString('hex')}`);
  return random.oneIn(3) ? max - value : value;
}

/** A value for an operand, mostly at an edge of what the instruction does with it. */
export function operand(kind: Kind, random: Random): bigint {
  switch (kind) {
    case 'word':
      return word(random);
    case 'offset':
      if (random.oneIn(12)) return random.pick(far);
      return random.oneIn(8)
        ? random.pick([1_000n, 8_191n, 65_535n, 65_536n, 2n ** 20n])
        : random.pick([0n, 0n, 1n, 31n, 32n, 33n, 63n, 64n, 96n]);
    case 'length':
      if (random.oneIn(14)) return random.pick(far);
      return random.oneIn(8)
        ? random.pick([1_000n, 4_096n, 24_576n, 24_577n, 49_152n, 49_153n, 65_536n])
        : random.pick([0n, 0n, 1n, 4n, 31n, 32n, 33n, 64n, 100n]);
    case 'source':
      return random.oneIn(4) ? random.pick([...far, max - 30n]) : BigInt(random.below(70));
    case 'address': {
      if (random.oneIn(12)) return word(random);
      const address = random.pick(knownAddresses);
      // Bits above the address are ignored.
      return random.oneIn(8) ? address + (BigInt(1 + random.below(255)) << 160n) : address;
    }
    case 'slot':
      return random.oneIn(5) ? word(random) : random.pick([0n, 1n, 1n, 2n, 3n, 4n, 2n ** 255n]);
    case 'gas':
      return random.oneIn(3)
        ? random.pick(edges)
        : random.pick([0n, 699n, 700n, 2_300n, 5_000n, 20_000n, 25_000n, 50_000n, 100_000n]);
    case 'value':
      return random.oneIn(10) ? word(random) : random.pick([0n, 0n, 0n, 1n, 2n, 1_000n, 1_001n]);
    case 'target':
      return random.oneIn(3) ? word(random) : BigInt(random.below(60));
    case 'block':
      return random.oneIn(4) ? word(random) : BigInt(random.below(300)) + random.pick([0n, 750n, 20_000_000n - 280n]);
    case 'index':
      return random.oneIn(3) ? word(random) : BigInt(random.below(40));
  }
}
