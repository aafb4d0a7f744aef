import type { Header } from '@devp2p/eth';
import type { BlockState } from '../evm/state/block-state.ts';
import type { ForkRules } from './fork-rules.ts';

const ether = 10n ** 18n;

/** The parts of a block that rewards depend on. */
type Rewarded = Pick<Header, 'number' | 'beneficiary'>;

/** Pays the rewards of a proof-of-work block and of its uncles (Yellow Paper, 11.3; EIP-649, EIP-1234). */
export function payRewards(state: BlockState, header: Rewarded, uncles: readonly Rewarded[], rules: ForkRules): void {
  const base = (rules.constantinople ? 2n : rules.byzantium ? 3n : 5n) * ether;
  for (const uncle of uncles) {
    const depth = BigInt(header.number - uncle.number);
    state.addBalance(uncle.beneficiary, ((8n - depth) * base) / 8n);
  }
  state.addBalance(header.beneficiary, base + (BigInt(uncles.length) * base) / 32n);
}
