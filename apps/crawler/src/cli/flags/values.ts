// Parsers of flag values. Each throws an `Error` with the expected form.

import { quote, splitList } from '@devp2p/appkit/cli';
import { fromHex } from '@devp2p/bytes';
import { nobleCrypto as crypto } from '@devp2p/crypto';
import { parseTreeUrl } from '@devp2p/dnsdisc';
import { type Enode, enodeFromEnr, parseEnode, parseEnr } from '@devp2p/enr';

/** A number above 0, such as `0.5`. */
export function rate(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text) && value > 0) return value;
  throw new Error('expected a number above 0');
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses a time such as `90` or `90s`, `30m`, `1h30m`, `7d` to milliseconds. */
export function duration(text: string): number {
  if (/^\d{1,9}$/.test(text)) return positive(Number(text) * units.s);
  if (!/^(\d{1,9}(ms|s|m|h|d))+$/.test(text)) {
    throw new Error('expected seconds, or a time such as 90s, 30m or 1h30m');
  }
  let total = 0;
  for (const [, value, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(value) * units[unit as keyof typeof units];
  }
  return positive(total);
}

function positive(milliseconds: number): number {
  if (milliseconds === 0) throw new Error('expected a time longer than 0');
  return milliseconds;
}

export function unsigned64(text: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value < 0n || value >> 64n !== 0n) throw new Error('expected an integer below 2^64');
  return value;
}

/** Hash of a genesis block. */
export function genesisHash(text: string): Uint8Array {
  if (/^(?:0x)?[0-9a-f]{64}$/i.test(text)) return hex(text, 32);
  throw new Error("expected the genesis block's hash, 64 hex digits; a genesis.json is for devp2p-node");
}

/** Fork id (EIP-2124), as `HASH` or `HASH/NEXT`. */
export function forkId(text: string): { hash: number; next?: bigint } {
  const [checksum = '', next, extra] = text.split('/');
  if (extra !== undefined) throw new Error('expected HASH or HASH/NEXT');
  const hash = new DataView(hex(checksum, 4).buffer).getUint32(0);
  return next === undefined ? { hash } : { hash, next: unsigned64(next) };
}

function hex(text: string, length: number): Uint8Array<ArrayBuffer> {
  const [, digits] = /^(?:0x)?([0-9a-fA-F]+)$/.exec(text) ?? [];
  if (digits?.length !== 2 * length) throw new Error(`expected ${2 * length} hex digits`);
  return new Uint8Array(fromHex(digits));
}

/** Checks comma-separated `enode://` URLs and `enr:` texts, and returns them unchanged. */
export function bootnodes(text: string): readonly string[] {
  return each(text, (node) => {
    const { udp } = parseNode(node);
    if (udp === 0) throw new Error('expected a UDP port other than 0');
  });
}

/** Checks comma-separated `enrtree://` URLs, and returns them unchanged. */
export function lists(text: string): readonly string[] {
  return each(text, (url) => parseTreeUrl(url));
}

/** Runs `check` for each comma-separated part; an error quotes the part. */
function each(text: string, check: (part: string) => void): readonly string[] {
  const parts = splitList(text);
  if (parts.length === 0) throw new Error('expected at least one');
  for (const part of parts) {
    try {
      check(part);
    } catch (error) {
      if (parts.length === 1) throw error;
      throw new Error(`${quote(part)}: ${(error as Error).message}`);
    }
  }
  return parts;
}

/**
 * Parses the address of a node from its `enode://` URL or `enr:` text.
 *
 * @throws EnodeError, EnrError; Error for a record without an address
 */
export function parseNode(text: string): Enode {
  if (!text.startsWith('enr:')) return parseEnode(text, { allowHostname: true, crypto });
  const enode = enodeFromEnr(parseEnr(text, { crypto }));
  if (enode === undefined) throw new Error('expected a record with an IP address');
  return enode;
}
