/// <reference types="node" preserve="true" />

export { type AddrMan, createAddrMan, type SelectOptions } from './addrman.ts';
export type { AddrManEvent } from './diagnostics.ts';
export type { AddrEntry, AddrNode, NodeAddress, SignedRecord } from './entry.ts';
export { AddrManError, type AddrManErrorCode } from './error.ts';
export type { AddrSource, GroupMap } from './group.ts';
export type { AddrManOptions } from './options.ts';
export type { Refusal } from './parse-node.ts';
export type { RandomBytes } from './random.ts';
export type { AddrManStats, Counts } from './stats.ts';
export {
  type AddrStore,
  type OpenAddrManOptions,
  openAddrMan,
  type StoredAddrMan,
} from './store.ts';
