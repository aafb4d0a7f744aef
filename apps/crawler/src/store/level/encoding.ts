import { crc32 } from 'node:zlib';
import { disconnectReasons } from '@devp2p/peer';
import { bigint, bytes, type Codec, decode, encode, list, map, optional, struct, text, uint } from '@devp2p/rlp';
import { type NodeRecord, statuses, type Visit } from '../../model/node-record.ts';
import type { CrawlSession, Rollup } from '../store.ts';
import { cut, flag, maybe, oneOf, rounded, sparse, truncated } from './fields.ts';

/** Version of the stored format. */
export const format = 1;

/** Length of a public key in bytes. */
const idLength = 64;

/** Binary encoding of one kind of record. */
export interface Encoding<T> {
  encode(value: T): Uint8Array;
  /** @throws Error for damaged bytes */
  decode(bytes: Uint8Array): T;
}

// Text from the network is cut to a sensible length: a remote must not be able to make a batch fail.
const maxClient = 1_024;
const maxError = 256;
const maxCapabilities = 64;
const maxCapabilityName = 32;
const maxSteps = 16;
const maxCounts = 1_000;

const status = oneOf(statuses);
const reason = oneOf(Object.keys(disconnectReasons) as (keyof typeof disconnectReasons)[]);
/** Times since the epoch, in whole milliseconds. */
const milliseconds = rounded(1);
/** Durations in milliseconds, to the microsecond. */
const duration = rounded(1_000);
const quantity = uint(53);

const nodeCodec: Codec<NodeRecord> = sparse({
  id: bytes(idLength),
  endpoint: struct({ ip: text(64), udp: uint(16), tcp: uint(16) }),
  trust: oneOf(['gossiped', 'verified', 'signed']),
  origin: oneOf(['bootnode', 'dns', 'gossip']),
  relayedBy: maybe(text(64)),
  status,
  enr: maybe(text(512)),
  client: maybe(cut(maxClient)),
  capabilities: maybe(truncated(maxCapabilities, struct({ name: cut(maxCapabilityName), version: quantity }))),
  listenPort: maybe(quantity),
  eth: maybe(
    sparse({
      version: quantity,
      networkId: bigint(64),
      genesis: bytes(32),
      forkId: struct({ hash: uint(32), next: bigint(64) }),
      latestHash: bytes(32),
      earliest: maybe(quantity),
      latest: maybe(quantity),
      headTime: maybe(quantity),
    }),
  ),
  disconnect: maybe(reason),
  error: maybe(cut(maxError)),
  rtt: maybe(sparse({ udp: maybe(duration), tcp: maybe(duration), hello: maybe(duration) })),
  firstSeen: milliseconds,
  lastSeen: maybe(milliseconds),
  lastVisit: maybe(milliseconds),
  visits: quantity,
  failures: quantity,
  dueAt: milliseconds,
  sharedAddress: maybe(flag),
});

const visitCodec: Codec<Visit> = sparse({
  id: bytes(idLength),
  at: milliseconds,
  status,
  steps: truncated(maxSteps, struct({ step: status, ms: duration })),
  disconnect: maybe(reason),
  error: maybe(cut(maxError)),
  neighbors: maybe(quantity),
});

const counts: Codec<Readonly<Record<string, number>>> = map(
  truncated(maxCounts, struct({ name: cut(maxError), count: quantity })),
  (pairs) => Object.fromEntries(pairs.map(({ name, count }) => [name, count])),
  (record) => Object.entries(record).map(([name, count]) => ({ name, count })),
);

const rollupFields = struct({
  at: milliseconds,
  funnel: map(
    list(quantity, { max: statuses.length }),
    (steps) => Object.fromEntries(statuses.map((name, i) => [name, steps[i] ?? 0])) as Rollup['funnel'],
    (funnel) => statuses.map((name) => funnel[name]),
  ),
  disconnects: counts,
  errors: counts,
  gossiped: quantity,
  verified: quantity,
  answered: optional(quantity),
});

/** Rollups of earlier versions lack `answered`: the nodes that are bonded stand in for it. */
const rollupCodec: Codec<Rollup> = map(
  rollupFields,
  (rollup) => ({ ...rollup, answered: rollup.answered ?? rollup.funnel.bonded }),
  (rollup) => rollup,
);

const sessionCodec: Codec<CrawlSession> = sparse({
  startedAt: milliseconds,
  endedAt: maybe(milliseconds),
  visits: quantity,
  rollup: rollupCodec,
});

export const nodeEncoding: Encoding<NodeRecord> = checked(nodeCodec);
export const visitEncoding: Encoding<Visit> = checked(visitCodec);
export const rollupEncoding: Encoding<Rollup> = checked(rollupCodec);
export const sessionEncoding: Encoding<CrawlSession> = checked(sessionCodec);

/** Concatenated ids. */
export const idsEncoding: Encoding<readonly Uint8Array[]> = checked(
  map(
    bytes(),
    (joined) => {
      if (joined.length % idLength !== 0) throw new Error('length is not a multiple of the id length');
      const ids: Uint8Array[] = [];
      for (let at = 0; at < joined.length; at += idLength) {
        ids.push(joined.slice(at, at + idLength));
      }
      return ids;
    },
    (ids) => {
      const joined = new Uint8Array(ids.length * idLength);
      for (const [i, id] of ids.entries()) joined.set(id, i * idLength);
      return joined;
    },
  ),
);

/** `CRC-32 of the rest (4 bytes) ‖ RLP`: LevelDB does not verify its own checksums in reads. */
function checked<T>(codec: Codec<T>): Encoding<T> {
  return {
    encode(value) {
      const content = encode(codec, value);
      const bytes = new Uint8Array(4 + content.length);
      new DataView(bytes.buffer).setUint32(0, crc32(content));
      bytes.set(content, 4);
      return bytes;
    },
    decode(bytes) {
      // A copy as a plain Uint8Array, since the decoded values are views of it.
      const content = new Uint8Array(bytes.subarray(4));
      const sum = bytes.length < 4 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      if (sum !== crc32(content)) throw new Error('checksum does not match');
      return decode(codec, content);
    },
  };
}
