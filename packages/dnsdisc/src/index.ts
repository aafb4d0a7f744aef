/// <reference types="node" preserve="true" />

export {
  createDnsClient,
  type DnsClient,
  type DnsClientStats,
} from './client/dns-client.ts';
export {
  createDnsResolver,
  type DnsResolverOptions,
  type ResolveTxt,
} from './client/dns-resolver.ts';
export type { DnsClientOptions } from './client/options.ts';
export type { DnsdiscEvent } from './diagnostics.ts';
export { DnsdiscError, type DnsdiscErrorCode } from './error.ts';
export { type MakeTreeOptions, makeTree, type NodeTree, txtStrings } from './tree/make-tree.ts';
export { type CryptoOptions, formatTreeUrl, parseTreeUrl, type TreeUrl } from './tree/tree-url.ts';
