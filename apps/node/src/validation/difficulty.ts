import { equalBytes } from '@devp2p/bytes';
import type { Header } from '@devp2p/eth';
import type { ChainConfig } from './chain-config.ts';
import { emptyListHash } from './empty-roots.ts';

const minimum = 131_072n;

/** Delay of the difficulty bomb in blocks by each fork since Byzantium, the latest first. */
const bombDelays = [
  ['grayGlacier', 11_400_000], // EIP-5133
  ['arrowGlacier', 10_700_000], // EIP-4345
  ['london', 9_700_000], // EIP-3554
  ['muirGlacier', 9_000_000], // EIP-2384
  ['constantinople', 5_000_000], // EIP-1234
  ['byzantium', 3_000_000], // EIP-649
] as const;

/** The proof-of-work difficulty of the block after `parent` (EIP-2, EIP-100 and the bomb delays). */
export function workDifficulty(config: ChainConfig, parent: Header, timestamp: number): bigint {
  const number = parent.number + 1;
  const step = parent.difficulty / 2048n;
  const elapsed = timestamp - parent.timestamp;
  for (const [fork, delay] of bombDelays) {
    if (number >= config.forks[fork]) {
      const uncles = equalBytes(parent.unclesHash, emptyListHash) ? 1 : 2;
      const factor = Math.max(uncles - Math.floor(elapsed / 9), -99);
      return adjusted(parent.difficulty + step * BigInt(factor), Math.max(number - delay, 0));
    }
  }
  if (number >= config.forks.homestead) {
    const factor = Math.max(1 - Math.floor(elapsed / 10), -99);
    return adjusted(parent.difficulty + step * BigInt(factor), number);
  }
  return adjusted(elapsed < 13 ? parent.difficulty + step : parent.difficulty - step, number);
}

function adjusted(difficulty: bigint, bombNumber: number): bigint {
  const floored = difficulty < minimum ? minimum : difficulty;
  const period = Math.floor(bombNumber / 100_000);
  return period > 1 ? floored + (1n << BigInt(period - 2)) : floored;
}
