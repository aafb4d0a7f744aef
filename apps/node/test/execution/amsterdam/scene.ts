import { fromHex, toHex } from '@devp2p/bytes';
import { type Receipt, receiptCodec } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import type { TransactionResult } from '../../../src/execution/block/block-execution.ts';
import { decodeTransaction } from '../../../src/validation/decode-transaction.ts';
import { signTransaction, type TransactionFields } from '../block/transactions.ts';
import { type Allocation, type BlockContents, type BuiltBlock, type Era, richKey, World } from '../block/world.ts';

/** A contract whose code a test decides about. */
export const contract: Uint8Array = new Uint8Array(20).fill(0xc0);
/** An account with one wei. */
export const existing: Uint8Array = new Uint8Array(20).fill(0xe0);
/** An account that does not exist. */
export const fresh: Uint8Array = new Uint8Array(20).fill(0xf0);

/** Gas of a call without value: the base and the recipient (EIP-2780). */
export const callGas = 15_000;
/** State gas of an account and of a slot: 120 and 64 bytes of 1,530 (EIP-8037). */
export const accountStateGas = 183_600;
export const slotStateGas = 97_920;

/** Signs a transaction of the account with a large balance: by default a call of {@link contract}. */
export const transaction = (fields: TransactionFields = {}): Uint8Array =>
  signTransaction(richKey, { to: contract, gas: 1_000_000n, ...fields });

interface SceneOptions {
  readonly era?: Era;
  /** Code of {@link contract} in hex digits. */
  readonly code?: string;
  readonly balance?: number;
  readonly storage?: Readonly<Record<string, string>>;
  /** More accounts, by address in hex digits. */
  readonly alloc?: Readonly<Record<string, Allocation>>;
  readonly gasLimit?: number;
}

/** A world of Amsterdam with {@link contract} and {@link existing}. */
export function createWorld({ era = 'amsterdam', code = '', balance = 0, storage, alloc, gasLimit }: SceneOptions) {
  const account = {
    balance: `0x${balance.toString(16)}`,
    code: `0x${code}`,
    ...(storage && { storage }),
  };
  return new World(era, {
    alloc: { [toHex(contract)]: account, [toHex(existing)]: { balance: '0x1' }, ...alloc },
    fields: gasLimit === undefined ? {} : { gasLimit },
  });
}

/** Runs one transaction as the only one of a block. */
export async function run(
  options: SceneOptions,
  fields: TransactionFields = {},
  header: BlockContents['fields'] = {},
): Promise<TransactionResult> {
  const execution = await createWorld(options).begin(header);
  return execution.apply(decodeTransaction(transaction(fields)));
}

export const receiptsOf = ({ result }: BuiltBlock): readonly Receipt[] =>
  [...result.receipts].map((receipt) => decode(receiptCodec, receipt));

/** Code that returns the top items of the stack, 32 bytes each, the topmost first. */
export function returning(items: number): string {
  const stores = Array.from({ length: items }, (_, i) => `61${hex(32 * i, 4)}52`).join('');
  return `${stores}61${hex(32 * items, 4)}5ff3`;
}

/** Words of an output as numbers. */
export const wordsOf = (output: Uint8Array): number[] =>
  Array.from({ length: output.length / 32 }, (_, i) =>
    Number(BigInt(`0x${toHex(output.subarray(32 * i, 32 * i + 32))}`)),
  );

export const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

export const bytes = (text: string): Uint8Array => fromHex(text);
