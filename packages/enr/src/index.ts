export { type Enode, formatEnode, type ParseEnodeOptions, parseEnode } from './enode.ts';
export { EnodeError, type EnodeErrorCode } from './enode-error.ts';
export type { Enr } from './enr.ts';
export { decodeEnr, formatEnr, MAX_ENR_LENGTH, parseEnr } from './enr-decode.ts';
export { type EnodeFromEnrOptions, enodeFromEnr, enrContentFromEnode } from './enr-enode.ts';
export { EnrError, type EnrErrorCode } from './enr-error.ts';
export type { EnrEntries, EthEntry } from './enr-pairs.ts';
export { type EnrContent, type SignEnrOptions, signEnr, updateEnr } from './enr-sign.ts';
export { fromHex, toHex } from './hex.ts';
export { formatIp, normalizeIp, parseIp } from './ip.ts';
export {
  checkRelay,
  type IpClass,
  ipClass,
  isLan,
  isLoopback,
  isSpecial,
  type RelayFault,
} from './ip-class.ts';
export {
  formatIpRange,
  type IpRange,
  inRange,
  ipRange,
  parseIpRange,
  parseIpRanges,
} from './ip-range.ts';
export { type GroupBits, networkGroup } from './network-group.ts';
export { type CryptoOptions, isOnCurve, type NodeId, nodeIdHash } from './node-id.ts';
