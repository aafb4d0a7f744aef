import { type Enr, enodeFromEnr, parseIp } from '@devp2p/enr';
import { bigint, decode, list, raw } from '@devp2p/rlp';
import type { Endpoint } from './node-record.ts';

const items = list(raw);
const sequence = bigint(64);

/**
 * Sequence number of a record in the store, which was checked before it got there: reading it costs microseconds,
 * checking the signature again would make a large store slow to open.
 *
 * @returns `undefined` without a record, or when the text is damaged.
 */
export function sequenceOf(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  try {
    const [, item] = decode(
      items,
      new Uint8Array(Buffer.from(text.slice('enr:'.length), 'base64url')),
    );
    return item && decode(sequence, item);
  } catch {
    return undefined;
  }
}

/** Where a node's own record says that it is, in the address family in use; what the record leaves out stays. */
export function endpointOf(enr: Enr, before: Endpoint): Endpoint {
  const family = parseIp(before.ip)?.length === 16 ? 6 : 4;
  const enode = enodeFromEnr(enr, { family }) ?? enodeFromEnr(enr);
  if (enode) return { ip: enode.host, udp: enode.udp || before.udp, tcp: enode.tcp };
  return { ...before, tcp: enr.tcp ?? enr.tcp6 ?? before.tcp };
}
