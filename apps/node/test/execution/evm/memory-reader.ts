import { nobleCrypto } from '@devp2p/crypto';
import type { Account, StateReader } from '../../../src/execution/state/interfaces.ts';

/** An account of {@link createMemoryReader}. */
export interface MemoryAccount {
  readonly address: Uint8Array;
  readonly nonce?: bigint;
  readonly balance?: bigint;
  readonly code?: Uint8Array;
  readonly storage?: ReadonlyMap<bigint, bigint>;
}

/** A state in memory. */
export function createMemoryReader(accounts: readonly MemoryAccount[]): StateReader {
  const key = (address: Uint8Array): string => Buffer.from(address).toString('hex');
  const codes = new Map<string, Uint8Array>();
  const states = new Map<string, { account: Account; storage: ReadonlyMap<bigint, bigint> }>();
  for (const { address, nonce = 0n, balance = 0n, code = new Uint8Array(0), storage = new Map() } of accounts) {
    const codeHash = nobleCrypto.keccak256(code);
    codes.set(key(codeHash), code);
    states.set(key(address), { account: { nonce, balance, codeHash }, storage });
  }
  return {
    account: (address) => states.get(key(address))?.account,
    storage: (address, slot) => states.get(key(address))?.storage.get(slot) ?? 0n,
    hasStorage: (address) => (states.get(key(address))?.storage.size ?? 0) > 0,
    code: (codeHash) => {
      const code = codes.get(key(codeHash));
      if (code === undefined) throw new Error(`no code with hash ${key(codeHash)}`);
      return code;
    },
  };
}

/** An address that ends with a number. */
export function address(number: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, number);
  return bytes;
}
