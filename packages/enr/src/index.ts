export { type Enode, formatEnode, type ParseEnodeOptions, parseEnode } from './enode/enode.ts';
export { EnodeError, type EnodeErrorCode } from './enode/enode-error.ts';
export { type CryptoOptions, isOnCurve, type NodeId, nodeIdHash } from './enode/node-id.ts';
export { fromHex, toHex } from './hex.ts';
export { formatIp, normalizeIp, parseIp } from './ip/ip.ts';
export {
  checkRelay,
  type IpClass,
  ipClass,
  isLan,
  isLoopback,
  isSpecial,
  type RelayFault,
} from './ip/ip-class.ts';
export {
  formatIpRange,
  type IpRange,
  inRange,
  ipRange,
  parseIpRange,
  parseIpRanges,
} from './ip/ip-range.ts';
export { type GroupBits, networkGroup } from './ip/network-group.ts';
export type { Enr } from './record/enr.ts';
export { decodeEnr, formatEnr, MAX_ENR_LENGTH, parseEnr } from './record/enr-decode.ts';
export { type EnodeFromEnrOptions, enodeFromEnr, enrContentFromEnode } from './record/enr-enode.ts';
export { EnrError, type EnrErrorCode } from './record/enr-error.ts';
export type { EnrEntries, EthEntry } from './record/enr-pairs.ts';
export { type EnrContent, type SignEnrOptions, signEnr, updateEnr } from './record/enr-sign.ts';
