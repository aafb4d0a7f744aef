import { type Clock, sleep } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { ethVersion, type Header, headerCodec, type Messages } from '@devp2p/eth';
import { type Channel, type MessageStream, openPeer, type Protocol } from '@devp2p/peer';
import { decode, encode } from '@devp2p/rlp';
import type { SimulatedNode } from './population.ts';

/** Chain of a simulated node: the values that a crawler requests. */
export interface SimulatedChain {
  readonly networkId: bigint;
  readonly genesis: Uint8Array;
  /** Encoded. */
  readonly head: Uint8Array;
  readonly headHash: Uint8Array;
}

/** Creates a chain with a head at `time` (seconds). */
export function simulatedChain(networkId: bigint, time: number, crypto: Crypto): SimulatedChain {
  const hash = new Uint8Array(32).fill(7);
  const header: Header = {
    parentHash: hash,
    unclesHash: hash,
    stateRoot: hash,
    transactionsRoot: hash,
    receiptsRoot: hash,
    mixHash: hash,
    nonce: new Uint8Array(8),
    beneficiary: new Uint8Array(20),
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number: 1_000,
    gasLimit: 30_000_000,
    gasUsed: 0,
    timestamp: time,
    extraData: new Uint8Array(),
  };
  const head = encode(headerCodec, header);
  const genesis = new Uint8Array(32).fill(Number(networkId));
  return { networkId, genesis, head, headHash: crypto.keccak256(head) };
}

/** Status of a node on a chain, in the form of its version. */
export function simulatedStatus(
  { networkId, genesis, headHash }: SimulatedChain,
  { version, earliest, forkId }: { version: number; earliest: number; forkId: Messages['status']['forkId'] },
): Messages['status'] {
  return {
    version,
    networkId,
    genesisHash: genesis,
    latestHash: headHash,
    forkId,
    ...(version < 69 ? { totalDifficulty: 17n } : { earliest, latest: 1_000 }),
  } as Messages['status'];
}

/** Network id of the requested chain. */
export const requestedNetwork = 17n;

/** Returns the chain of each kind of node. */
export function simulatedChains(now: number, crypto: Crypto): (self: SimulatedNode) => SimulatedChain {
  const seconds = Math.floor(now / 1000);
  const requested = simulatedChain(requestedNetwork, seconds, crypto);
  const old = simulatedChain(requestedNetwork, seconds - 604_800, crypto);
  const foreign = simulatedChain(18n, seconds, crypto);
  return ({ kind }) => (kind === 'stale' ? old : kind === 'foreign' ? foreign : requested);
}

export interface TcpSideOptions {
  readonly clock: Clock;
  readonly chain: SimulatedChain;
  /** Milliseconds before each message. */
  readonly delay: number;
}

/** Serves one peer on an authenticated stream, as this kind of node does. */
export async function servePeer(
  self: SimulatedNode,
  stream: MessageStream,
  { clock, chain, delay }: TcpSideOptions,
): Promise<void> {
  if (delay > 0) await sleep(clock, delay);
  if (self.kind === 'full') {
    // Disconnect, too many peers.
    await stream.write(0x01, Uint8Array.of(0xc1, 0x04));
    await stream.close();
    return;
  }
  const protocol = self.kind === 'other' ? other : eth(self.ethVersion, chain, clock, delay);
  try {
    const peer = await openPeer(stream, { clientId: clientOf(self), protocols: [protocol], clock });
    await peer.closed;
  } catch {
    // The crawler may disconnect first, as useless peer.
  }
}

/** The client id of a simulated node. */
export function clientOf({ ethVersion }: SimulatedNode): string {
  return ['Geth/v1.17.5-stable/linux-amd64/go1.24.1', 'reth/v1.8.2/x86_64-linux', 'besu/v25.9.0'][
    ethVersion % 3
  ] as string;
}

const other: Protocol<'les', undefined> = {
  name: 'les',
  versions: [{ version: 4, length: 20 }],
  attach: () => ({ api: undefined, run: async () => undefined }),
};

function eth(version: number, chain: SimulatedChain, clock: Clock, delay: number): Protocol<'eth', undefined> {
  const { length, messages } = ethVersion(version);
  const status = simulatedStatus(chain, { version, earliest: 0, forkId: { hash: 0x07c9462e, next: 0n } });
  const run = async (channel: Channel): Promise<void> => {
    if (delay > 0) await sleep(clock, delay);
    channel.send(messages.status.code, encode(messages.status.codec, status));
    // An unrequested message: the crawler has to accept any order.
    channel.send(messages.transactions.code, Uint8Array.of(0xc0));
    for await (const { code, payload } of channel) {
      if (code === messages.status.code) {
        const theirs = decode(messages.status.codec, payload);
        if (theirs.networkId !== chain.networkId) return;
      }
      if (code !== messages.getBlockHeaders.code) continue;
      const { requestId } = decode(messages.getBlockHeaders.codec, payload);
      if (delay > 0) await sleep(clock, delay);
      const answer = encode(messages.blockHeaders.codec, { requestId, items: [chain.head] });
      channel.send(messages.blockHeaders.code, answer);
    }
  };
  return {
    name: 'eth',
    versions: [{ version, length }],
    attach: (channel) => ({ api: undefined, run: () => run(channel) }),
  };
}
