export { IpError, type IpErrorCode } from './error.ts';
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
export { type NetworkGroupOptions, networkGroup } from './network-group.ts';
export { isRoutable } from './routable.ts';
