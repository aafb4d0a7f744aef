/** A peer that pulls bodies without a pause, or pings every 100 ms, until it receives a message. */
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { decodeHeader, eth } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { type MessageStream, openPeer } from '@devp2p/peer';
import { Reader } from '@devp2p/rlp';
import { connect } from '@devp2p/rlpx/tcp';
import { readBlocks } from '../execution/chains.ts';

const [, , folder = '', enode = '', task = ''] = process.argv;

/** What a peer reports at its end. */
export interface PeerReport {
  /** Received bodies. */
  readonly bodies: number;
  /** Times from Ping to Pong in ms. */
  readonly pings: readonly number[];
}

const [pingCode, pongCode] = [2, 3];
/** Blocks whose bodies are pulled: the first ones are soon stored. */
const pulled = 64;
const pings: number[] = [];
let [bodies, pingedAt, isEnding] = [0, 0, false];

/** Measures the time between Ping and Pong. */
function timePings(stream: MessageStream): MessageStream {
  return new Proxy(stream, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (property === 'write') {
        return (code: number, payload: Uint8Array) => {
          if (code === pingCode) pingedAt = performance.now();
          return target.write(code, payload);
        };
      }
      if (property === 'read') {
        return async () => {
          const message = await target.read();
          if (message?.code === pongCode) pings.push(performance.now() - pingedAt);
          return message;
        };
      }
      return value.bind(target);
    },
  });
}

const headers = readBlocks(folder).map((block) => {
  const reader = new Reader(block);
  reader.enterList();
  return decodeHeader(reader.item(), crypto);
});
const genesisHash = headers[0]?.parentHash ?? new Uint8Array(32);
const stream = await connect(enode, { privateKey: generatePrivateKey(), crypto });
const peer = await openPeer(task === 'ping' ? timePings(stream) : stream, {
  clientId: `bench-${task}`,
  protocols: [eth({ chain: memoryChain({ networkId: 1337n, genesisHash }), crypto })],
  ...(task === 'ping' ? { pingInterval: 100 } : {}),
});
await peer.eth.status;
process.once('message', () => {
  isEnding = true;
  process.send?.({ bodies, pings } satisfies PeerReport, () => process.exit());
});
process.send?.('connected');

const hashes = headers.slice(0, pulled).map(({ hash }) => hash);
while (task === 'pull' && !isEnding) bodies += (await peer.eth.getBodies(hashes)).length;
