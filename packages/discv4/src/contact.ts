import type { Crypto } from '@devp2p/crypto';
import { type Enode, type Enr, parseEnode, parseEnr, parseIp } from '@devp2p/enr';
import { bytes, required, string } from '@devp2p/options';
import { check } from './check-options.ts';
import { Discv4Error, why } from './error.ts';
import { type Contact, Node, nodeFromContact, nodeFromEnr } from './node.ts';

/** How a caller names a node: where it is, its `enode://` URL (host names allowed), or its record, as text or not. */
export type NodeLike = Contact | Enr | string;

/** What {@link resolveNode} works with. */
export interface ResolveOptions {
  readonly crypto: Crypto;
  readonly resolveHost?: ((host: string) => Promise<string>) | undefined;
}

/**
 * The node that a caller names; a promise when its host is a name.
 *
 * @throws Discv4Error `invalid-option` for what names no node, `no-endpoint` for one without an IP address and UDP port;
 * EnodeError, EnrError for texts that are none.
 */
export function resolveNode(named: NodeLike, options: ResolveOptions): Node | Promise<Node> {
  const { crypto, resolveHost } = options;
  if (named instanceof Node) return named;
  if (typeof named === 'string' && named.startsWith('enr:')) {
    return nodeOf(parseEnr(named, { crypto }), crypto);
  }
  if (typeof named !== 'string' && isRecord(named)) return nodeOf(named, crypto);
  const contact =
    typeof named === 'string' ? parseEnode(named, { allowHostname: true, crypto }) : named;
  checkContact(contact);
  if (parseIp(contact.host) || resolveHost === undefined) return nodeFromContact(contact, crypto);
  return resolveHost(contact.host).then(
    (host) => nodeFromContact({ ...contact, host }, crypto),
    (cause: unknown) => {
      throw new Discv4Error('no-endpoint', `${contact.host} has no address: ${why(cause)}`, {
        cause,
      });
    },
  );
}

function nodeOf(enr: Enr, crypto: Crypto): Node {
  const node = nodeFromEnr(enr, crypto);
  if (node) return node;
  throw new Discv4Error('no-endpoint', 'the record has no IP address and UDP port');
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
