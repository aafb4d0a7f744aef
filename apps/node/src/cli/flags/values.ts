// Parsers of flag values. Each throws an `Error` with the expected form.
import { isIP, isIPv4 } from 'node:net';
import { splitList } from '@devp2p/appkit/cli';
import { equalBytes, fromHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { parseTreeUrl } from '@devp2p/dnsdisc';
import { type Enode, enodeFromEnr, parseEnode, parseEnr } from '@devp2p/enr';
import { type IpRange, parseIpRanges } from '@devp2p/ip';
import type { RequiredBlocks } from '../../chain/required-blocks.ts';
import type { NatMethod } from '../../nat/find.ts';
import { type RpcApi, rpcApis } from '../../rpc/settings.ts';

const knownEthVersions = [70, 69, 68];

export function networkId(text: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
  if (value < 1n || value >= 1n << 64n) throw new Error('expected an integer from 1 to 2^64-1');
  return value;
}

export function wei(text: string): bigint {
  if (!/^\d{1,30}$/.test(text)) throw new Error('expected an integer, in wei');
  return BigInt(text);
}

/** A time such as `90s`, `30m` or `3h`, as go-ethereum writes it. @returns ms */
export function duration(text: string): number {
  const [, digits, unit] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  const ms = Number(digits) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
  if (unit === undefined || ms === 0) throw new Error('expected a time such as 90s, 30m or 3h');
  return ms;
}

export function extraData(text: string): Uint8Array {
  const [, digits] = /^(?:0x)?((?:[0-9a-fA-F]{2}){0,32})$/.exec(text) ?? [];
  if (digits === undefined) throw new Error('expected up to 64 hex digits, an even number of them');
  return fromHex(digits);
}

export function historyLength(text: string): number | false {
  if (text === 'off') return false;
  if (!/^\d{1,15}$/.test(text)) throw new Error('expected a number of blocks, or off');
  return Number(text);
}

export function hexOf(length: number): (text: string) => Uint8Array {
  const pattern = new RegExp(`^(?:0x)?[0-9a-fA-F]{${2 * length}}$`);
  return (text) => {
    if (!pattern.test(text)) throw new Error(`expected ${2 * length} hex digits`);
    return fromHex(text.slice(-2 * length));
  };
}

export function identity(text: string): string {
  // The client id is a path of printable parts, and a Hello has room for 2 KiB in all.
  if (!/^[\x21-\x2e\x30-\x7e]{1,64}$/.test(text)) {
    throw new Error('expected 1 to 64 printable ASCII characters without "/" or spaces');
  }
  return text;
}

export function enodes(text: string): readonly Enode[] {
  return splitList(text).map(staticNode);
}

/** `enode://` URLs and `enr:` texts, checked and as they were. */
export function bootnodes(text: string): readonly string[] {
  const nodes = splitList(text);
  for (const node of nodes) {
    const enode = node.startsWith('enr:')
      ? enodeFromEnr(parseEnr(node, { crypto: nobleCrypto }))
      : parseEnode(node, { allowHostname: true, crypto: nobleCrypto });
    if (enode === undefined) throw new Error('expected a record with an IP address');
    if (enode.udp === 0) throw new Error('expected a UDP port other than 0');
  }
  return nodes;
}

/** `enrtree://` URLs, checked and as they were. */
export function treeUrls(text: string): readonly string[] {
  const urls = splitList(text);
  for (const url of urls) parseTreeUrl(url);
  return urls;
}

export function ipRanges(text: string): readonly IpRange[] {
  const ranges = parseIpRanges(text);
  if (ranges.length === 0) throw new Error('expected IP ranges such as 10.0.0.0/8');
  return ranges;
}

/** Source of the external address of the node. */
export interface Nat {
  readonly externalIp?: string;
  readonly mapping?: NatMethod;
}

export function nat(text: string): Nat {
  if (text === 'none') return {};
  if (text === 'any' || text === 'upnp' || text === 'pmp') return { mapping: { method: text } };
  const [, kind, ip = ''] = /^(extip|pmp):(.*)$/.exec(text) ?? [];
  if (kind === 'extip' && isIP(ip) !== 0) return { externalIp: ip };
  if (kind === 'pmp' && isIPv4(ip)) return { mapping: { method: 'pmp', gateway: ip } };
  throw new Error('expected none, any, upnp, pmp, pmp:IPv4 or extip:IP');
}

export function apis(text: string): readonly RpcApi[] {
  const names = splitList(text);
  const known = rpcApis.filter((api) => names.includes(api));
  if (known.length < new Set(names).size) {
    throw new Error(`expected some of ${rpcApis.join(', ')}`);
  }
  return known;
}

/** `*`, or origins such as `https://example.org`, with optional parts. */
export function origins(text: string): readonly string[] {
  const list = splitList(text);
  if (list.some((origin) => /[\s/?#]/.test(origin.replace(/^[a-z][a-z\d+.-]*:\/\//i, '')))) {
    throw new Error('expected origins such as https://example.org, or *');
  }
  return list;
}

export function hostNames(text: string): readonly string[] {
  const names = splitList(text);
  if (names.some((name) => !/^(?:\*|[a-z\d_.-]+)$/i.test(name))) {
    throw new Error('expected host names without ports, or *');
  }
  return names;
}

function staticNode(url: string): Enode {
  const node = parseEnode(url, { allowHostname: true, crypto: nobleCrypto });
  if (node.tcp === 0) throw new Error('expected a TCP port other than 0');
  return node;
}

export function ethVersions(text: string): readonly number[] {
  const versions = text.split(',').map((part) => part.trim());
  const wrong = versions.some((version) => !knownEthVersions.map(String).includes(version));
  if (wrong) throw new Error(`expected some of ${knownEthVersions.join(',')}`);
  return [...new Set(versions.map(Number))];
}

/** `NUMBER=HASH` as in go-ethereum, the number in decimal or with `0x`. */
export function requiredBlocks(text: string): RequiredBlocks {
  const blocks = new Map<number, Uint8Array>();
  for (const part of splitList(text)) {
    const [, digits, hex] = /^(\d{1,16}|0x[\da-f]{1,14})=((?:0x)?[\da-f]{64})$/i.exec(part) ?? [];
    const number = Number(digits);
    if (hex === undefined || !Number.isSafeInteger(number)) {
      throw new Error('expected NUMBER=HASH with a hash of 64 hex digits');
    }
    const hash = fromHex(hex.slice(-64));
    const before = blocks.get(number);
    if (before !== undefined && !equalBytes(before, hash)) {
      throw new Error(`expected one hash for block ${number}, not two`);
    }
    blocks.set(number, hash);
  }
  return blocks;
}

/** A switch with a third state: on if possible. */
export type Switch = 'on' | 'off' | 'auto';

export function onOffAuto(text: string): Switch {
  if (text === 'auto') return text;
  if (text !== 'true' && text !== 'false') throw new Error('expected true, false or auto');
  return text === 'true' ? 'on' : 'off';
}
