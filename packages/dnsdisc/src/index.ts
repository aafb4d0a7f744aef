/// <reference types="node" preserve="true" />

export {
  createDnsClient,
  type DnsClient,
  type DnsClientStats,
} from './client.ts';
export type { DnsdiscEvent } from './diagnostics.ts';
export { DnsdiscError, type DnsdiscErrorCode } from './error.ts';
export { type MakeTreeOptions, makeTree, type NodeTree, txtStrings } from './make-tree.ts';
export type { DnsClientOptions } from './options.ts';
export { type DnsResolverOptions, dnsResolver, type ResolveTxt } from './resolver.ts';
export { type CryptoOptions, formatTreeUrl, parseTreeUrl, type TreeUrl } from './tree-url.ts';
