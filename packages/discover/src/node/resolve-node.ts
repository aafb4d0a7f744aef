import type { Crypto } from '@devp2p/crypto';
import { type Enode, type Enr, parseEnode, parseEnr } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import { bytes, required, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { causeText, DiscoverError } from '../error.ts';
import { type Contact, Node, nodeFromContact, nodeFromEnr } from './node.ts';

/** Node as an argument: id and endpoint, an `enode://` URL (host names allowed), a record, or `enr:` text. */
export type NodeLike = Contact | Enr | string;

/** Options of {@link resolveNode}. */
export interface ResolveNodeOptions {
  readonly crypto: Crypto;
  /** Resolves a host name to an IP address. @default host names are refused */
  readonly resolveHost?: ((host: string) => Promise<string>) | undefined;
}

/**
 * Converts an argument to a node. Returns a promise only if the host is a name.
 *
 * @throws DiscoverError `invalid-option` for a value of another type, `no-endpoint` for a node without IP address and
 * UDP port; EnodeError, EnrError for invalid texts
 */
export function resolveNode(named: NodeLike, options: ResolveNodeOptions): Node | Promise<Node> {
  const { crypto, resolveHost } = options;
  if (named instanceof Node) return named;
  if (typeof named === 'string' && named.startsWith('enr:')) {
    return nodeOfRecord(parseEnr(named, { crypto }), crypto);
  }
  if (typeof named !== 'string' && isRecord(named)) return nodeOfRecord(named, crypto);
  const contact = typeof named === 'string' ? parseEnode(named, { allowHostname: true, crypto }) : named;
  checkContact(contact);
  if (parseIp(contact.host) || resolveHost === undefined) return nodeFromContact(contact, crypto);
  return resolveHost(contact.host).then(
    (host) => nodeFromContact({ ...contact, host }, crypto),
    (cause: unknown) => {
      throw new DiscoverError('no-endpoint', `cannot resolve host ${contact.host}: ${causeText(cause)}`, { cause });
    },
  );
}

function nodeOfRecord(enr: Enr, crypto: Crypto): Node {
  const node = nodeFromEnr(enr, crypto);
  if (node) return node;
  throw new DiscoverError('no-endpoint', 'the record has no IP address and UDP port');
}

function isRecord(named: Contact | Enr): named is Enr {
  return typeof named === 'object' && named !== null && 'seq' in named && 'pairs' in named;
}

const contactRules = { id: required(bytes(64)), host: required(string) };

function checkContact(contact: Contact | Enode): void {
  if (typeof contact !== 'object' || contact === null) {
    check.fail('node', contact, 'an enode:// URL, a record, or an object with id, host and udp');
  }
  check.fields('node', contact, contactRules);
}
