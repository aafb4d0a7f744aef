import type { Crypto } from '@devp2p/crypto';
import { accountAddress, signTransaction } from '@devp2p/eth';
import type { SeededRandom } from '@devp2p/random/seeded';

/** A signed transaction, the first one of its sender. */
export interface MadeTransaction {
  readonly raw: Uint8Array;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** 20 bytes. */
  readonly sender: Uint8Array;
}

/** `small` ones are sent whole: most of them transfers, the others calls with up to 2 KB. `large` ones have 5 to 20 KB. */
export type TransactionKind = 'small' | 'large';

const gwei = 1_000_000_000n;

export function makeTransactions(
  count: number,
  kind: TransactionKind,
  crypto: Crypto,
  random: SeededRandom,
): MadeTransaction[] {
  return Array.from({ length: count }, () => {
    const key = random.bytes(32);
    const input = random.bytes(inputLength(kind, random));
    const raw = signTransaction(
      {
        chainId: 1n,
        nonce: 0n,
        gas: 21_000n + 64n * BigInt(input.length),
        to: random.bytes(20),
        value: 1n,
        input,
        maxFeePerGas: 100n * gwei,
        maxPriorityFeePerGas: gwei,
      },
      key,
      crypto,
    );
    return { raw, hash: crypto.keccak256(raw), sender: accountAddress(crypto.secp256k1.publicKey(key), crypto) };
  });
}

function inputLength(kind: TransactionKind, random: SeededRandom): number {
  if (kind === 'large') return 5000 + random.below(15_000);
  const draw = random.fraction();
  if (draw < 0.6) return 0;
  return draw < 0.9 ? 68 : 200 + random.below(1800);
}
