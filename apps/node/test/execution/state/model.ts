import { concatBytes } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createMPT } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import type { AccountChange, StateChanges, StateReader } from '../../../src/execution/state/interfaces.ts';

/** An account of the model: plain values, storage by slot. */
interface ModelAccount {
  nonce: bigint;
  balance: bigint;
  code: Uint8Array;
  storage: Map<bigint, bigint>;
}

/** A state as a plain map from address (hex) to account. */
export type Model = Map<string, ModelAccount>;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

function bytes32(value: bigint): Uint8Array {
  return unhex(value.toString(16).padStart(64, '0'));
}

function copyModel(model: Model): Model {
  return new Map([...model].map(([key, account]) => [key, { ...account, storage: new Map(account.storage) }]));
}

/** Applies changes as they are defined, without tries. */
export function applyToModel(model: Model, changes: StateChanges): Model {
  const copy = copyModel(model);
  for (const { address, account, code, isStorageCleared, storage } of changes) {
    const key = hex(address);
    if (account === undefined) {
      copy.delete(key);
      continue;
    }
    const old = copy.get(key);
    const kept = isStorageCleared || old === undefined ? new Map<bigint, bigint>() : old.storage;
    for (const [slot, value] of storage) {
      if (value === 0n) kept.delete(slot);
      else kept.set(slot, value);
    }
    const { nonce, balance } = account;
    copy.set(key, { nonce, balance, code: code ?? old?.code ?? new Uint8Array(0), storage: kept });
  }
  return copy;
}

/** Slots that changes use. */
const slotCount = 24;

/** An account as text, for comparisons. */
function describe(index: number, nonce: bigint, balance: bigint, code: Uint8Array, storage: readonly bigint[]): string {
  return `${index}: nonce ${nonce}, balance ${balance}, code ${hex(code)}, storage ${storage.join(' ')}`;
}

/** The accounts of a model as text. */
export function modelText(model: Model, accounts: number): string {
  const lines: string[] = [];
  for (let i = 0; i < accounts; i++) {
    const account = model.get(hex(addressOf(i)));
    if (account === undefined) continue;
    const slots = Array.from({ length: slotCount }, (_, slot) => account.storage.get(BigInt(slot)) ?? 0n);
    lines.push(describe(i, account.nonce, account.balance, account.code, slots));
  }
  return lines.join('\n');
}

/** The accounts of a state as text. */
export function stateText(reader: StateReader, accounts: number): string {
  const lines: string[] = [];
  for (let i = 0; i < accounts; i++) {
    const address = addressOf(i);
    const slots = Array.from({ length: slotCount }, (_, slot) => reader.storage(address, BigInt(slot)));
    if (reader.hasStorage(address) !== slots.some((value) => value !== 0n)) lines.push(`${i}: hasStorage is wrong`);
    const account = reader.account(address);
    if (account !== undefined) {
      lines.push(describe(i, account.nonce, account.balance, reader.code(account.codeHash), slots));
    } else if (reader.hasStorage(address)) lines.push(`${i}: storage without an account`);
  }
  return lines.join('\n');
}

/** The root of a model, computed from its beginning by another implementation of the trie. */
export async function rootOfModel(model: Model): Promise<Uint8Array> {
  const trie = await createMPT({ common: { customCrypto: { keccak256: crypto.keccak256 } } as never });
  for (const [address, { nonce, balance, code, storage }] of model) {
    const slots = await createMPT({ common: { customCrypto: { keccak256: crypto.keccak256 } } as never });
    for (const [slot, value] of storage) await slots.put(crypto.keccak256(bytes32(slot)), RLP.encode(value));
    const account = RLP.encode([nonce, balance, slots.root(), crypto.keccak256(code)]);
    await trie.put(crypto.keccak256(unhex(address)), account);
  }
  return trie.root();
}

/** Deterministic choices. */
export interface Random {
  /** An integer from 0 up to `below`, which is left out. */
  int(below: number): number;
}

export function randomOf(seed: number): Random {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return {
    int: (below) => {
      state ^= state << 13;
      state >>>= 0;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state % below;
    },
  };
}

export function addressOf(index: number): Uint8Array {
  return crypto.keccak256(Uint8Array.of(1, index >> 8, index & 0xff)).slice(12);
}

/** Hash of a block of a test. */
export function blockHash(index: number): Uint8Array {
  return crypto.keccak256(concatBytes(Uint8Array.of(2), bytes32(BigInt(index))));
}

/** Random changes of accounts out of a small set, such as a block makes. */
export function randomChanges(
  model: Model,
  random: Random,
  options: { accounts?: number; size?: number } = {},
): StateChanges {
  const { accounts = 40, size = 12 } = options;
  const changes = new Map<string, AccountChange>();
  const count = random.int(size + 1);
  for (let i = 0; i < count; i++) {
    const address = addressOf(random.int(accounts));
    const old = model.get(hex(address));
    const kind = random.int(10);
    if (kind === 0) {
      changes.set(hex(address), { address, account: undefined, isStorageCleared: true, storage: new Map() });
      continue;
    }
    const isCleared = kind === 1;
    const isDeployed = isCleared || old === undefined ? random.int(2) === 0 : false;
    const code = isDeployed ? Uint8Array.from({ length: 1 + random.int(40) }, () => random.int(256)) : undefined;
    const storage = new Map<bigint, bigint>();
    if (kind < 6) {
      const slots = random.int(8);
      for (let j = 0; j < slots; j++) {
        const value = random.int(3) === 0 ? 0n : BigInt(random.int(2 ** 31)) ** BigInt(1 + random.int(8));
        storage.set(BigInt(random.int(slotCount)), value);
      }
    }
    const isWide = random.int(4) === 0;
    const kept = old?.code ?? new Uint8Array(0);
    changes.set(hex(address), {
      address,
      account: {
        nonce: (old?.nonce ?? 0n) + BigInt(random.int(3)),
        balance: isWide ? BigInt(random.int(2 ** 31)) ** 5n : BigInt(random.int(1000)),
        codeHash: crypto.keccak256(code ?? kept),
      },
      code,
      isStorageCleared: isCleared,
      storage,
    });
  }
  return [...changes.values()];
}
