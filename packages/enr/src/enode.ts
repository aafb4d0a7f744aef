import type { Crypto } from '@devp2p/crypto';
import { fromHex, toHex } from './hex.ts';
import { formatIp, parseIp } from './ip.ts';
import { isOnCurve, NODE_ID_LENGTH, type NodeId } from './node-id.ts';

/** A node and where it can be reached. */
export interface Enode {
  /** Public key, 64 bytes. */
  id: NodeId;
  /** IP address in its canonical form, without brackets; a host name only where one was allowed. */
  host: string;
  /** RLPx port, 0 to 65535; 0 means that there is none. */
  tcp: number;
  /** Discovery port, 0 to 65535; 0 means that there is none. */
  udp: number;
}

/** Options of {@link parseEnode}. */
export interface ParseEnodeOptions {
  /**
   * Take a host name in place of an IP address. For what a person types: a name from the network would make us ask a
   * resolver whatever a stranger likes.
   * @default false
   */
  allowHostname?: boolean | undefined;
  /** When given, the id must be a point on the curve. @default not checked */
  crypto?: Crypto | undefined;
}

const SCHEME = 'enode://';

/** Host, port and whatever follows, which are then checked one by one, so that an error can say what is wrong. */
const ENDPOINT = /^(\[[^\]]*\]|[^:/?#]*)(?::([^/?#]*))?(.*)$/s;

const DISCPORT = '?discport=';

/** Far more than the longest: 128 digits, a host name of 253 characters, two ports. */
const MAX_URL_LENGTH = 512;

/**
 * Reads `enode://<128 hex digits>@<host>:<tcp port>[?discport=<udp port>]`, with IPv6 addresses in brackets. Without
 * `discport` both ports are the same.
 *
 * @throws EnodeError that says which part is wrong and quotes it.
 */
export function parseEnode(url: string, options: ParseEnodeOptions = {}): Enode {
  if (url.length > MAX_URL_LENGTH) throw new EnodeError('too-long', url);
  if (!url.startsWith(SCHEME)) throw new EnodeError('invalid-scheme', url);
  const at = url.indexOf('@');
  if (at < 0) throw new EnodeError('invalid-shape', url.slice(SCHEME.length));
  const endpoint = url.slice(at + 1);
  const [, host = '', tcp, rest = ''] = ENDPOINT.exec(endpoint) ?? [];
  const id = parseId(url.slice(SCHEME.length, at), options);
  // An empty part would say little in an error.
  if (host === '') throw new EnodeError('invalid-host', endpoint);
  const address = parseHost(host, options);
  if (tcp === undefined) throw new EnodeError('invalid-port', endpoint);
  const node = { id, host: address, tcp: parsePort(tcp, 'invalid-port') };
  if (rest === '') return { ...node, udp: node.tcp };
  if (!rest.startsWith(DISCPORT)) throw new EnodeError('unexpected-part', rest);
  return { ...node, udp: parsePort(rest.slice(DISCPORT.length), 'invalid-discport') };
}

/**
 * Writes an enode URL; `discport` only where it differs from the TCP port.
 *
 * @throws EnodeError when a part of the node is none that {@link parseEnode} could read.
 */
export function formatEnode({ id, host, tcp, udp }: Enode): string {
  if (id.length !== NODE_ID_LENGTH) throw new EnodeError('invalid-id', toHex(id));
  const name = parseHost(host.includes(':') ? `[${host}]` : host, { allowHostname: true });
  const port = parsePort(String(tcp), 'invalid-port');
  const discport = parsePort(String(udp), 'invalid-discport');
  const address = `${name.includes(':') ? `[${name}]` : name}:${port}`;
  return `${SCHEME}${toHex(id)}@${address}${port === discport ? '' : `${DISCPORT}${discport}`}`;
}

function parseId(text: string, { crypto }: ParseEnodeOptions): NodeId {
  if (!/^[0-9a-f]{128}$/i.test(text)) throw new EnodeError('invalid-id', text);
  const id = fromHex(text);
  if (crypto && !isOnCurve(id, { crypto })) throw new EnodeError('invalid-id', text);
  return id;
}

function parseHost(text: string, { allowHostname = false }: ParseEnodeOptions): string {
  const bracketed = text.startsWith('[');
  const ip = parseIp(bracketed ? text.slice(1, -1) : text);
  if (ip && bracketed === text.includes(':')) return formatIp(ip);
  if (allowHostname && !bracketed && isHostname(text)) return text.toLowerCase();
  throw new EnodeError('invalid-host', text);
}

/** Labels of letters, digits, hyphens and (as in container networks) underscores; RFC 1123 with that exception. */
function isHostname(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  // What ends in a number is an IPv4 address to resolvers, in one of several spellings (WHATWG URL, 3.5).
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) return false;
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}

function parsePort(text: string, code: EnodeErrorCode): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new EnodeError(code, text);
  return Number(text);
}

/**
 * What is wrong with an enode URL:
 *
 * - `invalid-scheme`: it does not begin with `enode://`
 * - `invalid-shape`: it has no `@`
 * - `invalid-id`: not 128 hex digits, or no point on the curve
 * - `invalid-host`: no IP address, or a name that is none or not allowed
 * - `invalid-port`, `invalid-discport`: missing or not a number from 0 to 65535
 * - `unexpected-part`: a path, fragment or other query
 * - `too-long`: more than 512 characters
 */
export type EnodeErrorCode =
  | 'invalid-scheme'
  | 'invalid-shape'
  | 'invalid-id'
  | 'invalid-host'
  | 'invalid-port'
  | 'invalid-discport'
  | 'unexpected-part'
  | 'too-long';

const EXPECTED: Record<EnodeErrorCode, string> = {
  'invalid-scheme': 'enode:// at the beginning',
  'invalid-shape': '<id>@<host>:<port> behind enode://',
  'invalid-id': 'a public key on secp256k1 as 128 hex digits before the @',
  'invalid-host': 'an IP address (IPv6 in brackets) or a permitted host name',
  'invalid-port': 'a port from 0 to 65535 behind the host',
  'invalid-discport': 'a discport from 0 to 65535',
  'unexpected-part': 'nothing behind the port but ?discport=',
  'too-long': `at most ${MAX_URL_LENGTH} characters`,
};

/** How much of somebody else's text goes into an error message, in characters. */
const MAX_QUOTE = 48;

/** An enode URL that was refused, or a node that has none. */
export class EnodeError extends Error {
  override readonly name = 'EnodeError';
  readonly code: EnodeErrorCode;

  /** @param part - the text at fault, which the message quotes up to 48 characters of. */
  constructor(code: EnodeErrorCode, part: string) {
    const quote = JSON.stringify(part.slice(0, MAX_QUOTE));
    super(
      `enode URL needs ${EXPECTED[code]}, got ${part.length > MAX_QUOTE ? `${quote}…` : quote}`,
    );
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
