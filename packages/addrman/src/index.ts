/// <reference types="node" preserve="true" />

export {
  type AddressQueue,
  type AddressQueueOptions,
  createAddressQueue,
} from './address-queue.ts';
export { type AddrMan, createAddrMan, type SelectOptions } from './addrman.ts';
export type { AddrManEvent } from './diagnostics.ts';
export { AddrManError, type AddrManErrorCode } from './error.ts';
export type { AddrManOptions } from './options.ts';
export type { Refusal } from './parse-node.ts';
export type { AddrSource, GroupMap } from './policy/group.ts';
export {
  type AddrStore,
  type OpenAddrManOptions,
  openAddrMan,
  type StoredAddrMan,
} from './snapshot/store.ts';
export type { AddrEntry, AddrNode, NodeAddress, SignedRecord } from './table/entry.ts';
export type { AddrManStats, Counts } from './table/stats.ts';
