import { fromHex, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { formatIp, parseIp } from '@devp2p/ip';
import { boolean, bytes, type Rule, type Rules, required, string } from '@devp2p/options';
import { checkEnode, cryptoRules } from '../check-options.ts';
import { invalidEnode, maxUrlLength } from './enode-error.ts';
import { isOnCurve, type NodeId, nodeIdLength } from './node-id.ts';

/** Identity and endpoint of a node. */
export interface Enode {
  /** Public key, 64 bytes. */
  id: NodeId;
  /** IP address in canonical form, without brackets, or a host name if the caller allowed it. */
  host: string;
  /** RLPx port, 0 to 65535; 0 if the node has none. */
  tcp: number;
  /** Discovery port, 0 to 65535; 0 if the node has none. */
  udp: number;
}

/** {@link Enode} with its id as hex in `console.log` and `JSON.stringify`. */
export class InspectableEnode implements Enode {
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

Object.defineProperty(InspectableEnode.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: InspectableEnode, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
    return `Enode ${inspect(this.toJSON(), options)}`;
  },
});

/** Options of {@link parseEnode}. */
export interface ParseEnodeOptions {
  /**
   * Whether a host name is accepted instead of an IP address. Only for input of the user: host names from the network
   * would let remote nodes choose the names that this node resolves.
   * @default false
   */
  allowHostname?: boolean | undefined;
  /** Also checks that the id is a point on the curve. @default not checked */
  crypto?: Crypto | undefined;
}

const scheme = 'enode://';

/** Host, port and rest. Each part is then checked separately, so that the error can name it. */
const endpointPattern = /^(\[[^\]]*\]|[^:/?#]*)(?::([^/?#]*))?(.*)$/s;

const discportQuery = '?discport=';

const parseRules: Rules<ParseEnodeOptions> = { ...cryptoRules, allowHostname: boolean };

/**
 * Parses `enode://<128 hex digits>@<host>:<tcp port>[?discport=<udp port>]`, with IPv6 addresses in brackets. Without
 * `discport` both ports are the same. `JSON.stringify` and `console.log` show the id as hex.
 *
 * @throws {@link EnodeError} with the invalid part in its message
 */
export function parseEnode(url: string, options: ParseEnodeOptions = {}): Enode {
  checkEnode.value('url', url, string);
  checkEnode.options('parseEnode', options, parseRules);
  if (url.length > maxUrlLength) throw invalidEnode('too-long', url);
  if (!url.startsWith(scheme)) throw invalidEnode('invalid-scheme', url);
  const at = url.indexOf('@');
  if (at < 0) throw invalidEnode('invalid-shape', url.slice(scheme.length));
  const endpoint = url.slice(at + 1);
  const [, host = '', tcp, rest = ''] = endpointPattern.exec(endpoint) ?? [];
  const id = parseId(url.slice(scheme.length, at), options);
  // An empty part would make an unclear error message.
  if (host === '') throw invalidEnode('invalid-host', endpoint);
  const address = parseHost(host, options);
  if (tcp === undefined) throw invalidEnode('invalid-port', endpoint);
  const node = { id, host: address, tcp: parsePort(tcp, 'invalid-port') };
  if (rest === '') return new InspectableEnode({ ...node, udp: node.tcp });
  if (!rest.startsWith(discportQuery)) throw invalidEnode('unexpected-part', rest);
  const udp = parsePort(rest.slice(discportQuery.length), 'invalid-discport');
  return new InspectableEnode({ ...node, udp });
}

const portRule: Rule = required({
  expected: 'a port from 0 to 65535',
  fits: (value) => typeof value === 'number',
});

/** Checks types only: invalid values have their own codes. */
const enodeRules: Rules<Enode> = {
  id: required(bytes()),
  host: required(string),
  tcp: portRule,
  udp: portRule,
};

/**
 * Formats an enode URL. It contains `discport` only if the UDP port differs from the TCP port.
 *
 * @throws {@link EnodeError} if {@link parseEnode} would reject a part of the node
 */
export function formatEnode(node: Enode): string {
  checkEnode.fields('node', node, enodeRules);
  const { id, host, tcp, udp } = node;
  if (id.length !== nodeIdLength) throw invalidEnode('invalid-id', toHex(id));
  const name = parseHost(host.includes(':') ? `[${host}]` : host, { allowHostname: true });
  const port = parsePort(String(tcp), 'invalid-port');
  const discport = parsePort(String(udp), 'invalid-discport');
  const address = `${name.includes(':') ? `[${name}]` : name}:${port}`;
  return `${scheme}${toHex(id)}@${address}${port === discport ? '' : `${discportQuery}${discport}`}`;
}

function parseId(text: string, { crypto }: ParseEnodeOptions): NodeId {
  if (!/^[0-9a-f]{128}$/i.test(text)) throw invalidEnode('invalid-id', text);
  const id = fromHex(text);
  if (crypto && !isOnCurve(id, { crypto })) throw invalidEnode('invalid-id', text);
  return id;
}

function parseHost(text: string, { allowHostname = false }: ParseEnodeOptions): string {
  const bracketed = text.startsWith('[');
  const ip = parseIp(bracketed ? text.slice(1, -1) : text);
  if (ip && bracketed === text.includes(':')) return formatIp(ip);
  if (allowHostname && !bracketed && isHostname(text)) return text.toLowerCase();
  throw invalidEnode('invalid-host', text);
}

/** RFC 1123, with underscores as well, which names in container networks have. */
function isHostname(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  // Resolvers read a name that ends in a number as an IPv4 address (WHATWG URL, 3.5).
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) return false;
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}

function parsePort(text: string, code: 'invalid-port' | 'invalid-discport'): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw invalidEnode(code, text);
  return Number(text);
}
