import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { decodeBody, listRoot, type RawList, type SealedHeader, StackTrie } from '@devp2p/eth';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import type { Genesis } from '../../src/config/genesis/genesis.ts';
import { type BlockProcessor, createBlockProcessor } from '../../src/execution/block/block-processor.ts';
import { createEvmFactory } from '../../src/execution/block/evm-factory.ts';
import { openKzg } from '../../src/execution/kzg/kzg.ts';
import { createStateStore } from '../../src/execution/state/open-state-store.ts';
import type { StateStore } from '../../src/execution/state/state-store.ts';
import { decodeTransaction } from '../../src/validation/decode-transaction.ts';
import { encodeFields, makeBody, makeGenesis, nextHeader } from '../chain/make-blocks.ts';

/** An account that signs transactions. */
export interface Account {
  readonly key: Uint8Array;
  readonly address: Uint8Array;
}

/** Accounts whose keys are numbers. */
export const accounts: readonly Account[] = Array.from({ length: 8 }, (_, i) => {
  const key = new Uint8Array(32).fill(i + 1);
  return { key, address: crypto.keccak256(crypto.secp256k1.publicKey(key)).subarray(12) };
});

/** Address of a contract that uses up the gas of each call. */
export const burner: Uint8Array = new Uint8Array(20).fill(0xb1);
/** Address of a contract that adds 1 to the slot which the first word of the input names. */
export const counter: Uint8Array = new Uint8Array(20).fill(0xc0);

const codes = {
  // JUMPDEST PUSH1 0 JUMP
  burner: '0x5b600056',
  // PUSH1 0 CALLDATALOAD DUP1 SLOAD PUSH1 1 ADD SWAP1 SSTORE
  counter: '0x6000358054600101905500',
};

/** A genesis of Cancun with these accounts and contracts. */
export function richGenesis(): Genesis {
  return makeGenesis('cancun', { alloc: richAlloc() });
}

export function richAlloc(): Record<string, object> {
  const rich = accounts.map(({ address }) => [toHex(address), { balance: '0xffffffffffffffffffff' }]);
  return {
    ...Object.fromEntries(rich),
    [toHex(burner)]: { balance: '0x0', code: codes.burner },
    [toHex(counter)]: { balance: '0x0', code: codes.counter },
  };
}

/** Fields of a transaction besides its signature. */
export interface Call {
  readonly from: Account;
  readonly nonce: number;
  readonly to: Uint8Array;
  /** @default 1 wei for a call without input */
  readonly value?: number;
  readonly input?: Uint8Array;
  /** @default 21,000 */
  readonly gas?: number;
}

const chainId = 1234;
/** In wei: enough for the base fee of each block in tests. */
const gasPrice = 10_000_000_000;

/** A signed legacy transaction (EIP-155). */
export function signCall({
  from,
  nonce,
  to,
  input = new Uint8Array(),
  value = input.length === 0 ? 1 : 0,
  gas = 21_000,
}: Call) {
  const fields = [nonce, gasPrice, gas, to, value, input] as const;
  const hash = crypto.keccak256(encodeFields([...fields, chainId, 0, 0]));
  const signature = crypto.secp256k1.sign(hash, from.key);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)].map(withoutLeadingZeros) as [
    Uint8Array,
    Uint8Array,
  ];
  return encodeFields([...fields, chainId * 2 + 35 + (signature[64] as number), r, s]);
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

export type MinedBlock = NewBlock & { readonly receipts: RawList };

/** Makes blocks that are valid in every respect, on any block made before. */
export class ChainBuilder {
  readonly genesis: Genesis;
  readonly #state: StateStore;
  readonly #processor: BlockProcessor;
  readonly #trie = new StackTrie(crypto);
  readonly #hashes = new Map<string, { number: number; parent: Uint8Array }>();

  private constructor(genesis: Genesis, state: StateStore) {
    this.genesis = genesis;
    this.#state = state;
    const { config } = genesis;
    this.#processor = createBlockProcessor({
      config,
      crypto,
      createEvm: createEvmFactory({ config, crypto, kzg: openKzg() }),
    });
    this.#hashes.set(toHex(genesis.header.hash), { number: 0, parent: genesis.header.parentHash });
  }

  static async create(genesis: Genesis = richGenesis()): Promise<ChainBuilder> {
    return new ChainBuilder(genesis, await createStateStore({ genesis, crypto, maxStates: 100_000 }));
  }

  /** @param extraData makes blocks of different branches differ */
  async mine(
    parent: SealedHeader,
    transactions: readonly Uint8Array[],
    extraData = new Uint8Array(),
  ): Promise<MinedBlock> {
    const { config } = this.genesis;
    const state = this.#state.reader(parent.hash);
    if (state === undefined) throw new Error(`no state of block ${parent.number}`);
    const fields = nextHeader(config, parent, { extraData });
    const execution = await this.#processor.begin(fields, {
      state,
      blockHash: (number) => this.#hashAt(parent, number),
    });
    for (const raw of transactions) await execution.apply(decodeTransaction(raw));
    const result = await execution.finish({});
    const body = makeBody({ transactions }, fields.withdrawalsRoot !== undefined);
    const { gasUsed, logsBloom, receiptsRoot } = this.#processor.commitments(result);
    const header = nextHeader(config, parent, {
      extraData,
      transactionsRoot: listRoot(this.#trie, body.transactions),
      stateRoot: this.#state.rootAfter(parent.hash, result.changes),
      gasUsed,
      logsBloom,
      receiptsRoot,
    });
    this.#state.apply(parent.hash, header, result.changes);
    this.#hashes.set(toHex(header.hash), { number: header.number, parent: header.parentHash });
    return { header, body: decodeBody(body.raw), receipts: result.receipts };
  }

  #hashAt(from: SealedHeader, number: number): Uint8Array {
    let hash = from.hash;
    for (let at = from.number; at > number; at--) hash = this.#hashes.get(toHex(hash))?.parent ?? new Uint8Array(32);
    return hash;
  }
}
