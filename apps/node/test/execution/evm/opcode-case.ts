import { nobleCrypto } from '@devp2p/crypto';
import type { BlockEvm, EvmBlock, EvmOutcome } from '../../../src/execution/evm/evm.ts';
import type { ForkName } from '../../../src/execution/evm/fork.ts';
import { BlockState } from '../../../src/execution/evm/state/block-state.ts';
import { createMemoryReader } from './memory-reader.ts';

/*
 * Cases of the differential tests of the EVM, and their results, one JSON object per line.
 *
 * Bytes are hex with `0x`; numbers of more than 32 bits are hex with `0x` and no leading zeros.
 *
 * A case is one call by `caller` to `contract`, whose code it gives, in a new transaction of a block with these values:
 */

/** Sends the call, and is the origin: nonce 1, balance 2^128. */
export const caller = '0xca11e40000000000000000000000000000000001';
/** Called: nonce 1, balance 2^64. */
export const contract = '0xc0de000000000000000000000000000000000002';
/** Coinbase. Does not exist. */
const beneficiary = '0xfee0000000000000000000000000000000000003';

export const caseBlock = {
  number: 1000,
  timestamp: 1_000_000,
  gasLimit: 60_000_000,
  /** DIFFICULTY before Paris; from Paris on it is 0, and PREVRANDAO is `mixHash`. */
  difficulty: 131_072,
  /** Bytes 0x01 … 0x20. */
  mixHash: '0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20',
  /** 7 from London on, else 0. */
  baseFee: 7,
  /** From Cancun on. */
  blobBaseFee: 3,
  /** From Amsterdam on. */
  slotNumber: 77,
  /** GASPRICE, in wei. */
  gasPrice: 10,
  chainId: 1337,
  /** BLOBHASH 0 and 1. */
  blobHashes: [`0x01${'aa'.repeat(31)}`, `0x01${'bb'.repeat(31)}`],
} as const;

/*
 * BLOCKHASH of block n is keccak-256 of the decimal digits of n, as text. From Berlin on these are accessed beforehand:
 * `caller`, `contract`, the precompiled contracts of the fork, `warm`, and from Shanghai on `beneficiary`. The state
 * gas of Amsterdam costs 1530 a byte.
 */

/** An account besides `caller` and `contract`; absent fields are 0 or empty. */
export interface CaseAccount {
  readonly balance?: string | undefined;
  readonly nonce?: number | undefined;
  readonly code?: string | undefined;
  /** Slot to value, neither 0 … 0. */
  readonly storage?: Readonly<Record<string, string>> | undefined;
}

export interface OpcodeCase {
  readonly id: string;
  readonly fork: CaseFork;
  readonly code: string;
  readonly input?: string | undefined;
  readonly gas: number;
  /** Reservoir of state gas in Amsterdam. */
  readonly stateGas?: number | undefined;
  readonly value?: string | undefined;
  /** Storage of `contract`. */
  readonly storage?: Readonly<Record<string, string>> | undefined;
  readonly accounts?: Readonly<Record<string, CaseAccount>> | undefined;
  /** Addresses that are accessed beforehand, with slots. */
  readonly warm?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Forks with other rules of the EVM; `frontier` is `chainstart` in `forkNames`. */
export const caseForks = [
  'frontier',
  'homestead',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'berlin',
  'london',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'amsterdam',
] as const;
export type CaseFork = (typeof caseForks)[number];

/** After the end of the transaction: destroyed accounts are removed, and from Spurious Dragon on touched empty ones. */
export interface OpcodeResult {
  readonly id: string;
  /** `revert`, or `halt` for every other failure, whose kinds differ between implementations. */
  readonly status: 'success' | 'revert' | 'halt';
  readonly gasLeft: number;
  /** Amsterdam only. */
  readonly stateGasLeft?: number | undefined;
  /** Amsterdam only. */
  readonly stateGasUsed?: number | undefined;
  /** The refund counter; 0 unless the call succeeds. */
  readonly refund: number;
  readonly output: string;
  readonly logs: readonly { readonly address: string; readonly topics: readonly string[]; readonly data: string }[];
  /** All accounts that exist, sorted by address. Storage without slots of value 0, sorted by slot (32 bytes). */
  readonly state: readonly (readonly [
    address: string,
    nonce: number,
    balance: string,
    code: string,
    storage: readonly (readonly [string, string])[],
  ])[];
  /** Amsterdam only: accessed accounts with slots (EIP-7928), both sorted, without changes. */
  readonly accesses?: readonly (readonly [address: string, slots: readonly string[]])[] | undefined;
}

/** Makes the EVM that a case runs on. */
export type EvmFactory = (options: {
  readonly fork: ForkName;
  readonly state: BlockState;
  readonly block: EvmBlock;
  readonly recorder: { account(address: Uint8Array): void; slot(address: Uint8Array, slot: bigint): void };
}) => BlockEvm;

/** Runs a case. */
export async function runCase(given: OpcodeCase, createEvm: EvmFactory): Promise<OpcodeResult> {
  const fork = forkNameOf(given.fork);
  const isSince = (other: CaseFork): boolean => caseForks.indexOf(given.fork) >= caseForks.indexOf(other);
  const accounts: Record<string, CaseAccount> = {
    ...given.accounts,
    [caller]: { nonce: 1, balance: hexNumber(2n ** 128n) },
    [contract]: { nonce: 1, balance: hexNumber(2n ** 64n), code: given.code, storage: given.storage },
  };
  const reader = createMemoryReader(
    Object.entries(accounts).map(([address, { balance = '0x0', nonce = 0, code = '0x', storage = {} }]) => ({
      address: bytesOf(address),
      balance: BigInt(balance),
      nonce: BigInt(nonce),
      code: bytesOf(code),
      storage: new Map(Object.entries(storage).map(([slot, value]) => [BigInt(slot), BigInt(value)])),
    })),
  );
  const state = new BlockState(reader, { keccak256: nobleCrypto.keccak256 });
  const accesses = new Map<string, Set<string>>();
  const accessed = (address: Uint8Array): Set<string> => {
    const key = hexOf(address);
    if (!accesses.has(key)) accesses.set(key, new Set());
    return accesses.get(key) as Set<string>;
  };
  const evm = createEvm({
    fork,
    state,
    block: {
      number: caseBlock.number,
      timestamp: caseBlock.timestamp,
      beneficiary: bytesOf(beneficiary),
      gasLimit: caseBlock.gasLimit,
      difficulty: isSince('paris') ? 0n : BigInt(caseBlock.difficulty),
      mixHash: bytesOf(caseBlock.mixHash),
      baseFee: isSince('london') ? BigInt(caseBlock.baseFee) : 0n,
      blobBaseFee: isSince('cancun') ? BigInt(caseBlock.blobBaseFee) : 0n,
      slotNumber: isSince('amsterdam') ? BigInt(caseBlock.slotNumber) : 0n,
      blockHash: (number) => nobleCrypto.keccak256(new TextEncoder().encode(`${number}`)),
    },
    recorder: {
      account: (address) => void accessed(address),
      slot: (address, slot) => void accessed(address).add(hexWord(slot)),
    },
  });
  if (isSince('berlin')) {
    const warm = Object.entries(given.warm ?? {});
    for (const address of [caller, contract, ...warm.map(([of]) => of)]) state.warm(state.load(bytesOf(address)));
    if (isSince('shanghai')) state.warm(state.load(bytesOf(beneficiary)));
    for (let number = 1; number <= 0x100; number++) {
      const address = bytesOf(`0x${number.toString(16).padStart(40, '0')}`);
      if (evm.isPrecompile(address)) state.warm(state.load(address));
    }
    for (const [of, slots] of warm) {
      for (const slot of slots) state.warmSlot(state.slotOf(state.load(bytesOf(of)), BigInt(slot)));
    }
  }
  const outcome = await evm.call({
    caller: bytesOf(caller),
    to: bytesOf(contract),
    value: BigInt(given.value ?? '0x0'),
    input: bytesOf(given.input ?? '0x'),
    gas: given.gas,
    stateGas: given.stateGas ?? 0,
    gasPrice: BigInt(caseBlock.gasPrice),
    blobHashes: caseBlock.blobHashes.map(bytesOf),
  });
  state.finishTransaction(
    { removesEmptyAccounts: isSince('spuriousDragon'), keepsDestroyedBalance: isSince('amsterdam') },
    outcome.destroyed,
  );
  const isAmsterdam = isSince('amsterdam');
  const { isSuccess, gasLeft, stateGasLeft, stateGasUsed, refund, output } = outcome;
  return {
    id: given.id,
    status: isSuccess ? 'success' : outcome.error === 'revert' ? 'revert' : 'halt',
    gasLeft,
    ...(isAmsterdam ? { stateGasLeft, stateGasUsed } : {}),
    refund: isSuccess ? refund : 0,
    output: hexOf(output),
    logs: logsOf(outcome),
    state: stateOf(state, accounts),
    ...(isAmsterdam ? { accesses: [...accesses].sort(byKey).map(([of, slots]) => [of, [...slots].sort()]) } : {}),
  };
}

function forkNameOf(fork: CaseFork): ForkName {
  return fork === 'frontier' ? 'chainstart' : fork;
}

function logsOf({ isSuccess, logs }: EvmOutcome): OpcodeResult['logs'] {
  if (!isSuccess) return [];
  return logs.map(({ address, topics, data }) => ({
    address: hexOf(address),
    topics: topics.map(hexOf),
    data: hexOf(data),
  }));
}

function stateOf(state: BlockState, accounts: Readonly<Record<string, CaseAccount>>): OpcodeResult['state'] {
  const known = Object.entries(accounts).map(([address, { storage = {} }]) => {
    const account = state.load(bytesOf(address));
    for (const slot of Object.keys(storage)) state.slotOf(account, BigInt(slot));
    return account;
  });
  const all = new Set([...known, ...state.accounts()]);
  return [...all]
    .filter(({ exists }) => exists)
    .map(({ address, nonce, balance, storage }) => {
      const slots = [...storage].filter(({ value }) => value !== 0n);
      const entries = slots.map(({ slot, value }) => [hexWord(slot), hexNumber(value)] as const).sort(byKey);
      return [hexOf(address), Number(nonce), hexNumber(balance), hexOf(state.code(address)), entries] as const;
    })
    .sort(byKey);
}

function byKey([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
}

export function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

function hexNumber(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** A number as a word of 32 bytes. */
export function hexWord(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}
