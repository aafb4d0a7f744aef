import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { type Channel, type Message, openPeer, type Peer, protocol } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { encode } from '@devp2p/rlp';
import { type EthOptions, type EthPeer, eth, type PeerTransactions, type TransactionExchange } from '../src/index.ts';
import { type EthVersion, formatOf } from '../src/wire/eth-version.ts';
import type { Messages } from '../src/wire/messages.ts';
import { localStatus } from '../src/wire/status.ts';
import { ethVersion } from '../src/wire/supported-versions.ts';
import { MemoryChain } from './memory-chain.ts';

/** Two peers of this package over a pipe. */
export async function connect(
  left: EthOptions,
  right: EthOptions,
): Promise<{ clock: VirtualClock; left: Peer & { eth: EthPeer }; right: Peer & { eth: EthPeer } }> {
  const clock = createVirtualClock();
  const [a, b] = streamPair();
  const [leftPeer, rightPeer] = await Promise.all([
    openPeer(a, { clock, protocols: [eth({ clock, ...left })] }),
    openPeer(b, { clock, protocols: [eth({ clock, ...right })] }),
  ]);
  await clock.advance(0);
  return { clock, left: leftPeer, right: rightPeer };
}

/** A peer of this package, and raw messages at the other end of the pipe. */
export interface Attack {
  readonly clock: VirtualClock;
  readonly chain: MemoryChain;
  readonly peer: Peer & { eth: EthPeer };
  readonly version: EthVersion;
  /** Messages of our side that the test has not read. */
  readonly received: Message[];
  /** Sends any bytes. */
  send(code: number, payload: Uint8Array): Promise<void>;
  /** Sends a well-formed message. */
  sendMessage<Name extends keyof Messages>(name: Name, message: Messages[Name]): Promise<void>;
  /** Waits until all promises have settled, then returns the next message of our side. */
  next(): Promise<Message | undefined>;
  /** End of the connection on our side. */
  end(): Promise<{ reason: string | undefined; code: string | undefined; direction: string }>;
}

export interface AttackOptions extends Omit<Partial<EthOptions>, 'clock'> {
  readonly version?: number;
  /** Omits the attacker's Status. */
  readonly mute?: boolean;
  /** Clock of both ends. @default a new one */
  readonly clock?: VirtualClock;
  /** Public key of the attacker. @default 64 times 2 */
  readonly id?: Uint8Array;
}

export async function attack(options: AttackOptions = {}): Promise<Attack> {
  const {
    version = 70,
    mute = false,
    clock = createVirtualClock(),
    id = new Uint8Array(64).fill(2),
    ...ethOptions
  } = options;
  const chain = (options.chain as MemoryChain | undefined) ?? new MemoryChain(64);
  const format = ethVersion(version);
  const [a, b] = streamPair({ ids: [new Uint8Array(64).fill(1), id] });
  const received: Message[] = [];
  const bare = protocol({
    name: 'eth',
    version,
    length: format.length,
    run: async (channel: Channel) => {
      for await (const message of channel) received.push(message);
    },
  });
  const [peer, attacker] = await Promise.all([
    openPeer(a, { clock, protocols: [eth({ clock, ...ethOptions, chain, versions: [version] })] }),
    openPeer(b, { clock, protocols: [bare] }),
  ]);
  // The end of the peer is checked by the test, not reported.
  const ended = peer.closed;
  const sendMessage = async <Name extends keyof Messages>(name: Name, message: Messages[Name]) => {
    const { code, codec } = formatOf(format, name);
    await attacker.eth.send(code, encode(codec, message));
    await clock.advance(0);
  };
  if (!mute) await sendMessage('status', localStatus(chain, chain.range(), format));
  await clock.advance(0);
  if (!mute) received.shift();
  return {
    clock,
    chain,
    peer,
    version: format,
    received,
    sendMessage,
    async send(code, payload) {
      await attacker.eth.send(code, payload).catch(() => {});
      await clock.advance(0);
    },
    async next() {
      await clock.advance(0);
      return received.shift();
    },
    async end() {
      await clock.advance(3000);
      const { reason, direction, error } = await ended;
      return { reason, direction, code: codeOf(error) };
    },
  };
}

/** An exchange of transactions with the same methods for each peer. */
export function exchange(methods: Partial<PeerTransactions> = {}): TransactionExchange {
  return {
    connected: () => ({
      announced() {},
      received() {},
      get: async (hashes) => hashes.map(() => undefined),
      served() {},
      disconnected() {},
      ...methods,
    }),
  };
}

/** Code of the EthError among the causes of an error. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { cause } = error;
  if (error.name === 'EthError') return 'code' in error ? String(error.code) : undefined;
  return codeOf(cause);
}
