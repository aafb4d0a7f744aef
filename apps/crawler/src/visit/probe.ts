import { type Clock, withTimeout } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type EthVersion, ethVersion, type Status } from '@devp2p/eth';
import type { Channel, Protocol } from '@devp2p/peer';
import { decode, encode, raw, struct, uint } from '@devp2p/rlp';
import type { EthStatus } from '../model/node-record.ts';

/** Why a node that speaks eth could not be asked everything. */
export type ProbeErrorCode =
  | 'no-status'
  | 'malformed-status'
  | 'no-header'
  | 'malformed-header'
  | 'other-header';

/** A node did not do as eth says. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
  readonly code: ProbeErrorCode;
  readonly reason: 'requested' | 'breach-of-protocol';

  constructor(code: ProbeErrorCode, options?: ErrorOptions) {
    super(code, options);
    this.code = code;
    this.reason = code.startsWith('malformed') ? 'breach-of-protocol' : 'requested';
  }
}

/** What {@link probe} works with. */
export interface ProbeOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** ms to wait for Status, and then for the header. */
  readonly timeout: number;
  /** Called with the Status, and again when the header adds to it. */
  readonly onStatus: (status: EthStatus) => void;
}

/** Offered versions. eth/67 and eth/66 differ from eth/68 only in messages that a probe does not use. */
const versions: ReadonlyMap<number, EthVersion> = new Map([
  ...[70, 69, 68].map((version) => [version, ethVersion(version)] as const),
  ...[67, 66].map((version) => [version, ethVersion(68)] as const),
]);

/** The most questions of the remote that are answered. */
const maxAnswers = 64;

/**
 * eth as a visitor speaks it: waits for the remote's Status and gives it back as our own, so that it will not object,
 * then asks for the header of its head. Ends when it has that, or the remote has had its time.
 */
export function probe(options: ProbeOptions): Protocol<'eth', undefined> {
  return {
    name: 'eth',
    versions: [...versions].map(([version, { length }]) => ({ version, length })),
    attach: (channel) => ({ api: undefined, run: () => new Probe(channel, options).run() }),
  };
}

class Probe {
  readonly #channel: Channel;
  readonly #options: ProbeOptions;
  readonly #messages: EthVersion['messages'];
  #answers = 0;

  constructor(channel: Channel, options: ProbeOptions) {
    const eth = versions.get(channel.version);
    if (eth === undefined) throw new RangeError(`eth/${channel.version} was not offered`);
    this.#channel = channel;
    this.#options = options;
    this.#messages = eth.messages;
  }

  async run(): Promise<void> {
    const { onStatus } = this.#options;
    const status = ethStatus(await this.#within('no-status', () => this.#status()));
    onStatus(status);
    const header = await this.#within('no-header', () => this.#header(status.latestHash));
    onStatus({ ...status, latest: header.number, headTime: header.timestamp });
  }

  #within<T>(late: ProbeErrorCode, work: () => Promise<T | undefined>): Promise<T> {
    const { clock, timeout } = this.#options;
    const reason = new ProbeError(late);
    const found = async (): Promise<T> => {
      const result = await work();
      if (result === undefined) throw reason;
      return result;
    };
    return withTimeout(clock, timeout, found, { reason });
  }

  /** The remote's Status, which has been sent back by then. `undefined` when the remote is gone. */
  async #status(): Promise<Status | undefined> {
    const { code, codec } = this.#messages.status;
    for await (const message of this.#channel) {
      if (message.code !== code) continue;
      try {
        const status = decode(codec, message.payload);
        this.#channel.send(code, message.payload.slice());
        return status;
      } catch (cause) {
        throw new ProbeError('malformed-status', { cause });
      }
    }
    return undefined;
  }

  /** Number and time of the head; `undefined` when the remote is gone. */
  async #header(hash: Uint8Array): Promise<Head | undefined> {
    const { getBlockHeaders, blockHeaders } = this.#messages;
    const requestId = 1n;
    const query = { origin: hash, amount: 1n, skip: 0n, reverse: false };
    this.#channel.send(getBlockHeaders.code, encode(getBlockHeaders.codec, { requestId, query }));
    for await (const { code, payload } of this.#channel) {
      if (code === getBlockHeaders.code) this.#answer(payload);
      if (code !== blockHeaders.code) continue;
      const head = this.#readHead(payload, hash, requestId);
      if (head) return head;
    }
    return undefined;
  }

  /** `undefined` when it answers another question. */
  #readHead(payload: Uint8Array, hash: Uint8Array, requestId: bigint): Head | undefined {
    let header: Uint8Array | undefined;
    let head: Head;
    try {
      const response = decode(this.#messages.blockHeaders.codec, payload);
      if (response.requestId !== requestId) return undefined;
      [header] = response.items;
      if (header === undefined) throw new ProbeError('no-header');
      head = decode(headCodec, header);
    } catch (cause) {
      throw cause instanceof ProbeError ? cause : new ProbeError('malformed-header', { cause });
    }
    const actual = this.#options.crypto.keccak256(header);
    if (!hash.every((byte, i) => byte === actual[i])) throw new ProbeError('other-header');
    return head;
  }

  /** Nodes that want to see a certain block of a new peer drop who does not answer. We have none. */
  #answer(payload: Uint8Array): void {
    const { getBlockHeaders, blockHeaders } = this.#messages;
    if (this.#channel.congested || this.#answers++ >= maxAnswers) return;
    try {
      const { requestId } = decode(getBlockHeaders.codec, payload);
      this.#channel.send(blockHeaders.code, encode(blockHeaders.codec, { requestId, items: [] }));
    } catch {
      // A question that cannot be read needs no answer, and is no reason not to ask our own.
    }
  }
}

interface Head {
  readonly number: number;
  readonly timestamp: number;
}

/** The beginning of a header, the same on every chain; what comes behind it is their own affair. */
const headCodec = struct(
  {
    parentHash: raw,
    unclesHash: raw,
    beneficiary: raw,
    stateRoot: raw,
    transactionsRoot: raw,
    receiptsRoot: raw,
    logsBloom: raw,
    difficulty: raw,
    number: uint(64),
    gasLimit: raw,
    gasUsed: raw,
    timestamp: uint(64),
  },
  { extra: 'ignore' },
);

function ethStatus(status: Status): EthStatus {
  const { version, networkId, forkId } = status;
  return {
    version,
    networkId,
    forkId,
    genesis: status.genesisHash.slice(),
    latestHash: status.latestHash.slice(),
    ...('earliest' in status && { earliest: status.earliest, latest: status.latest }),
  };
}
