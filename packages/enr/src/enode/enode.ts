import { fromHex, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { formatIp, parseIp } from '@devp2p/ip';
import { boolean, bytes, type Rule, type Rules, required, string } from '@devp2p/options';
import { checkEnode, cryptoRules } from '../check-options.ts';
import { MAX_URL_LENGTH, refused } from './enode-error.ts';
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

/** An {@link Enode} that `console.log` and `JSON.stringify` show with its id as hex. */
export class ShownEnode implements Enode {
  id: NodeId;
  host: string;
  tcp: number;
  udp: number;

  constructor({ id, host, tcp, udp }: Enode) {
    this.id = id;
    this.host = host;
    this.tcp = tcp;
    this.udp = udp;
  }

  toJSON(): Record<string, unknown> {
    const { id, host, tcp, udp } = this;
    return { id: toHex(id), host, tcp, udp };
  }
}

Object.defineProperty(ShownEnode.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(
    this: ShownEnode,
    _depth: number,
    options: object,
    inspect: (value: unknown, o: object) => string,
  ) {
    return `Enode ${inspect(this.toJSON(), options)}`;
  },
});

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

const parseRules: Rules<ParseEnodeOptions> = { ...cryptoRules, allowHostname: boolean };

/**
 * Reads `enode://<128 hex digits>@<host>:<tcp port>[?discport=<udp port>]`, with IPv6 addresses in brackets. Without
 * `discport` both ports are the same. `JSON.stringify` and `console.log` show the id as hex.
 *
 * @throws EnodeError that says which part is wrong and quotes it.
 */
export function parseEnode(url: string, options: ParseEnodeOptions = {}): Enode {
  checkEnode.value('url', url, string);
  checkEnode.options('parseEnode', options, parseRules);
  if (url.length > MAX_URL_LENGTH) throw refused('too-long', url);
  if (!url.startsWith(SCHEME)) throw refused('invalid-scheme', url);
  const at = url.indexOf('@');
  if (at < 0) throw refused('invalid-shape', url.slice(SCHEME.length));
  const endpoint = url.slice(at + 1);
  const [, host = '', tcp, rest = ''] = ENDPOINT.exec(endpoint) ?? [];
  const id = parseId(url.slice(SCHEME.length, at), options);
  // An empty part would say little in an error.
  if (host === '') throw refused('invalid-host', endpoint);
  const address = parseHost(host, options);
  if (tcp === undefined) throw refused('invalid-port', endpoint);
  const node = { id, host: address, tcp: parsePort(tcp, 'invalid-port') };
  if (rest === '') return new ShownEnode({ ...node, udp: node.tcp });
  if (!rest.startsWith(DISCPORT)) throw refused('unexpected-part', rest);
  const udp = parsePort(rest.slice(DISCPORT.length), 'invalid-discport');
  return new ShownEnode({ ...node, udp });
}

const portRule: Rule = required({
  expected: 'a port from 0 to 65535',
  fits: (value) => typeof value === 'number',
});

/** Types alone: what is wrong with a value has a code of its own. */
const enodeRules: Rules<Enode> = {
  id: required(bytes()),
  host: required(string),
  tcp: portRule,
  udp: portRule,
};

/**
 * Writes an enode URL; `discport` only where it differs from the TCP port.
 *
 * @throws EnodeError when a part of the node is none that {@link parseEnode} could read.
 */
export function formatEnode(node: Enode): string {
  checkEnode.fields('node', node, enodeRules);
  const { id, host, tcp, udp } = node;
  if (id.length !== NODE_ID_LENGTH) throw refused('invalid-id', toHex(id));
  const name = parseHost(host.includes(':') ? `[${host}]` : host, { allowHostname: true });
  const port = parsePort(String(tcp), 'invalid-port');
  const discport = parsePort(String(udp), 'invalid-discport');
  const address = `${name.includes(':') ? `[${name}]` : name}:${port}`;
  return `${SCHEME}${toHex(id)}@${address}${port === discport ? '' : `${DISCPORT}${discport}`}`;
}

function parseId(text: string, { crypto }: ParseEnodeOptions): NodeId {
  if (!/^[0-9a-f]{128}$/i.test(text)) throw refused('invalid-id', text);
  const id = fromHex(text);
  if (crypto && !isOnCurve(id, { crypto })) throw refused('invalid-id', text);
  return id;
}

function parseHost(text: string, { allowHostname = false }: ParseEnodeOptions): string {
  const bracketed = text.startsWith('[');
  const ip = parseIp(bracketed ? text.slice(1, -1) : text);
  if (ip && bracketed === text.includes(':')) return formatIp(ip);
  if (allowHostname && !bracketed && isHostname(text)) return text.toLowerCase();
  throw refused('invalid-host', text);
}

/** Labels of letters, digits, hyphens and (as in container networks) underscores; RFC 1123 with that exception. */
function isHostname(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  // What ends in a number is an IPv4 address to resolvers, in one of several spellings (WHATWG URL, 3.5).
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) return false;
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}

function parsePort(text: string, code: 'invalid-port' | 'invalid-discport'): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw refused(code, text);
  return Number(text);
}
