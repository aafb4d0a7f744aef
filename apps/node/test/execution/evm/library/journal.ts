import type { EVM } from '@ethereumjs/evm';
import type { Account, Address } from '@ethereumjs/util';
import type { BlockState } from '../../../../src/execution/evm/state/block-state.ts';

/** The part of the library's journal that the EVM uses: accesses (EIP-2929) and touched accounts (EIP-161). */
export type LibraryJournal = Pick<
  EVM['journal'],
  | 'putAccount'
  | 'deleteAccount'
  | 'checkpoint'
  | 'commit'
  | 'revert'
  | 'isWarmedAddress'
  | 'addWarmedAddress'
  | 'isWarmedStorage'
  | 'addWarmedStorage'
  | 'addAlwaysWarmAddress'
>;

/** Creates a journal that keeps its records in the state of the block. */
export function createJournal(state: BlockState): LibraryJournal {
  return {
    putAccount: async (address: Address, account: Account | undefined) => {
      if (account === undefined) return state.destroy(address.bytes);
      state.setBalance(address.bytes, account.balance);
      state.setNonce(address.bytes, account.nonce);
    },
    deleteAccount: async (address) => state.destroy(address.bytes),
    checkpoint: async () => state.checkpoint(),
    commit: async () => state.commit(),
    revert: async () => state.revert(),
    isWarmedAddress: (address) => state.load(address).isWarm,
    addWarmedAddress: (address) => {
      state.warm(state.load(address));
    },
    isWarmedStorage: (address, key) => state.slotOf(state.load(address), slotOf(key)).isWarm,
    addWarmedStorage: (address, key) => {
      state.warmSlot(state.slotOf(state.load(address), slotOf(key)));
    },
    addAlwaysWarmAddress: (address) => {
      state.warm(state.load(Uint8Array.from(Buffer.from(address.replace(/^0x/, ''), 'hex'))));
    },
  };
}

function slotOf(key: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(key).toString('hex')}`);
}
