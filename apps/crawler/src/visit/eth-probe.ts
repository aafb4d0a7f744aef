import { equalBytes } from '@devp2p/bytes';
import { type Clock, withTimeout } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type EthVersion, ethVersion, type Status } from '@devp2p/eth';
import type { Channel, Protocol } from '@devp2p/peer';
import { decode, encode, raw, struct, uint } from '@devp2p/rlp';
import type { EthStatus } from '../model/node-record.ts';

/** Failures of the eth exchange. */
export type ProbeErrorCode = 'no-status' | 'malformed-status' | 'no-header' | 'malformed-header' | 'other-header';

const messages: Readonly<Record<ProbeErrorCode, string>> = {
  'no-status': 'no Status received',
  'malformed-status': 'Status cannot be decoded',
  'no-header': 'no header of the head received',
  'malformed-header': 'header of the head cannot be decoded',
  'other-header': 'header does not have the hash of the head',
};

/** The node sent no Status or header, or an invalid one. `reason` is the reason of our Disconnect. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
  readonly code: ProbeErrorCode;
  readonly reason: 'requested' | 'breach-of-protocol';

  constructor(code: ProbeErrorCode, options?: ErrorOptions) {
    super(messages[code], options);
    this.code = code;
    this.reason = code.startsWith('malformed') ? 'breach-of-protocol' : 'requested';
  }
}

export interface EthProbeOptions {
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Milliseconds for each of Status and header. */
  readonly timeout: number;
  /** Called with the Status, and again with the number and time from the header. */
  readonly onStatus: (status: EthStatus) => void;
}

/** Offered versions. eth/67 and eth/66 differ from eth/68 only in messages that the probe does not use. */
const versions: ReadonlyMap<number, EthVersion> = new Map([
  ...[70, 69, 68].map((version) => [version, ethVersion(version)] as const),
  ...[67, 66].map((version) => [version, ethVersion(68)] as const),
]);

/** Maximum number of requests from the node that are answered. */
const maxAnswers = 64;

/**
 * Returns the eth protocol of a crawler. It waits for the node's Status, sends the same Status back so that the node
 * accepts it, then requests the header of the node's head. The protocol ends after the header, or after a timeout.
 */
export function ethProbe(options: EthProbeOptions): Protocol<'eth', undefined> {
  return {
    name: 'eth',
    versions: [...versions].map(([version, { length }]) => ({ version, length })),
    attach: (channel) => ({ api: undefined, run: () => new EthProbe(channel, options).run() }),
  };
}

class EthProbe {
  readonly #channel: Channel;
  readonly #options: EthProbeOptions;
  readonly #messages: EthVersion['messages'];
  #answers = 0;

  constructor(channel: Channel, options: EthProbeOptions) {
    const eth = versions.get(channel.version);
    if (eth === undefined) {
      throw new RangeError(`eth/${channel.version} is not an offered version`);
    }
    this.#channel = channel;
    this.#options = options;
    this.#messages = eth.messages;
  }

  async run(): Promise<void> {
    const { onStatus } = this.#options;
    const status = ethStatus(await this.#receive('no-status', () => this.#exchangeStatus()));
    onStatus(status);
    const header = await this.#receive('no-header', () => this.#requestHead(status.latestHash));
    onStatus({ ...status, latest: header.number, headTime: header.timestamp });
  }

  /** Fails with `code` when `receive` takes too long or the channel closes. */
  #receive<T>(code: ProbeErrorCode, receive: () => Promise<T | undefined>): Promise<T> {
    const { clock, timeout } = this.#options;
    const reason = new ProbeError(code);
    const received = async (): Promise<T> => {
      const message = await receive();
      if (message === undefined) throw reason;
      return message;
    };
    return withTimeout(clock, timeout, received, { reason });
  }

  /** Waits for the node's Status and sends it back. Resolves to `undefined` when the channel closes. */
  async #exchangeStatus(): Promise<Status | undefined> {
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

  /** Requests the header of the head. Resolves to `undefined` when the channel closes. */
  async #requestHead(hash: Uint8Array): Promise<Head | undefined> {
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

  /** Returns `undefined` for the response to another request. */
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
    if (!equalBytes(hash, this.#options.crypto.keccak256(header))) throw new ProbeError('other-header');
    return head;
  }

  /** Answers with no headers: a node that requests a certain header from new peers disconnects those that do not answer. */
  #answer(payload: Uint8Array): void {
    const { getBlockHeaders, blockHeaders } = this.#messages;
    if (this.#channel.congested || this.#answers++ >= maxAnswers) return;
    try {
      const { requestId } = decode(getBlockHeaders.codec, payload);
      this.#channel.send(blockHeaders.code, encode(blockHeaders.codec, { requestId, items: [] }));
    } catch {
      // A malformed request needs no answer, and does not prevent our own request.
    }
  }
}

interface Head {
  readonly number: number;
  readonly timestamp: number;
}

/** The first fields of a header, which are the same on every chain; later fields are ignored. */
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
