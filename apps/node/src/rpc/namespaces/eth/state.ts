import type { SealedHeader } from '@devp2p/eth';
import type { RecentStates } from '../../../chain/interfaces.ts';
import { type StateBlockId, stateBlockId } from '../../codec/block-id.ts';
import { data, parameter, toData, toQuantity } from '../../codec/hex.ts';
import { isWholeSlot, storageSlot, toWord } from '../../codec/slot.ts';
import { method } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import { withState } from '../state-errors.ts';
import { type EthParts, type Methods, unavailable } from './parts.ts';

/** Slots of one request (go-ethereum). */
const maxSlots = 1_024;

const address = parameter(data(20));
const hash = parameter(data(32));

/** Methods about accounts in the state after a block. */
export function stateMethods({ chain, view, pool }: EthParts): Methods {
  const { states } = chain;
  if (states === undefined) {
    const names = ['getBalance', 'getCode', 'getProof', 'getStorageAt', 'getStorageValues', 'getTransactionCount'];
    return unavailable(names, 'state is not available without execution');
  }
  /** Reads the state after a block. */
  const read = async <T>(
    id: StateBlockId | undefined,
    action: (states: RecentStates, header: SealedHeader) => Promise<T>,
  ): Promise<T> => {
    const header = await view.stateHeader(id ?? 'latest');
    return withState(header, () => action(states, header));
  };
  return {
    getBalance: method([address, stateBlockId], (account, id) =>
      read(id, async (state, { hash }) => toQuantity((await state.account(hash, account))?.balance ?? 0n)),
    ),
    getCode: method([address, stateBlockId], (account, id) =>
      read(id, async (state, { hash }) => toData(await state.code(hash, account))),
    ),
    getTransactionCount: method([address, stateBlockId], (account, id) =>
      read(id, async (state, { hash }) => {
        if (id === 'pending' && pool !== undefined) return toQuantity(await pool.nonce(account));
        return toQuantity((await state.account(hash, account))?.nonce ?? 0n);
      }),
    ),
    getStorageAt: method([address, storageSlot, stateBlockId], (account, slot, id) =>
      read(id, async (state, { hash }) => {
        const [[value = 0n] = []] = await state.storage(hash, [{ address: account, slots: [slot] }]);
        return toWord(value);
      }),
    ),
    getStorageValues: method([slotsByAddress, stateBlockId], (accounts, id) =>
      read(id, async (state, { hash }) => {
        const values = await state.storage(hash, accounts);
        return Object.fromEntries(accounts.map(({ text }, i) => [text, (values[i] ?? []).map(toWord)]));
      }),
    ),
    getProof: method([address, slotKeys, stateBlockId], (account, keys, id) =>
      read(id, async (state, { hash }) => {
        const slots = keys.map(({ slot }) => slot);
        const proof = await state.prove(hash, account, slots);
        return {
          address: toData(account),
          accountProof: proof.nodes.map(toData),
          balance: toQuantity(proof.account?.balance ?? 0n),
          codeHash: toData(proof.account?.codeHash ?? emptyCodeHash),
          nonce: toQuantity(proof.account?.nonce ?? 0n),
          storageHash: toData(proof.storageRoot),
          storageProof: proof.slots.map(({ value, nodes }, i) => ({
            key: keys[i]?.shown,
            value: toQuantity(value),
            proof: nodes.map(toData),
          })),
        };
      }),
    ),
  };
}

const emptyCodeHash: Uint8Array = Uint8Array.from(
  Buffer.from('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470', 'hex'),
);

interface SlotKey {
  readonly slot: bigint;
  /** In the form in which it was named: as a hash, or as a number. */
  readonly shown: string;
}

function slotKeys(value: unknown): readonly SlotKey[] {
  if (!Array.isArray(value)) throw new Error('expected a list of storage keys');
  if (value.length > maxSlots) throw new Error(`too many keys, at most ${maxSlots}`);
  return value.map((key) => {
    const slot = storageSlot(key);
    return { slot, shown: isWholeSlot(key) ? toWord(slot) : toQuantity(slot) };
  });
}

interface AccountSlots {
  readonly address: Uint8Array;
  readonly slots: readonly bigint[];
  /** The address as it was given. */
  readonly text: string;
}

/** @throws RpcError `too-many-slots` */
function slotsByAddress(value: unknown): readonly AccountSlots[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('expected lists of storage keys by address');
  }
  const entries = Object.entries(value);
  let count = 0;
  for (const [, keys] of entries) {
    if (!Array.isArray(keys)) throw new Error('expected lists of storage keys by address');
    count += keys.length;
  }
  if (count === 0) throw new Error('empty request');
  if (count > maxSlots) throw new RpcError('too-many-slots', `too many slots (max ${maxSlots})`);
  return entries.map(([text, keys]) => ({
    address: address(text),
    slots: (keys as unknown[]).map((key) => BigInt(toData(hash(key)))),
    text: text.toLowerCase(),
  }));
}
