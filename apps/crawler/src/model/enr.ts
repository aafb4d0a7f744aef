import { type Enr, enodeFromEnr } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import { bigint, decode, list, raw } from '@devp2p/rlp';
import type { Endpoint } from './node-record.ts';

const items = list(raw);
const sequence = bigint(64);

/**
 * Returns the sequence number of a record from the store, or `undefined` without a record or for a damaged one. The
 * signature is not checked again, as it was before the record was stored: a check of each would make a large store slow
 * to open.
 */
export function enrSequence(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  try {
    const [, item] = decode(items, new Uint8Array(Buffer.from(text.slice('enr:'.length), 'base64url')));
    return item && decode(sequence, item);
  } catch {
    return undefined;
  }
}

/**
 * Returns the endpoint in a record, in the address family of `previous` if the record has it. Fields that the record
 * lacks are taken from `previous`.
 */
export function enrEndpoint(enr: Enr, previous: Endpoint): Endpoint {
  const family = parseIp(previous.ip)?.length === 16 ? 6 : 4;
  const enode = enodeFromEnr(enr, { family }) ?? enodeFromEnr(enr);
  if (enode) return { ip: enode.host, udp: enode.udp || previous.udp, tcp: enode.tcp };
  return { ...previous, tcp: enr.tcp ?? enr.tcp6 ?? previous.tcp };
}
