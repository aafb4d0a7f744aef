import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { generatePrivateKey, nobleCrypto } from '@devp2p/crypto';
import { Common, Mainnet } from '@ethereumjs/common';
import { Peer, SNAP } from '@ethereumjs/devp2p';
import { compress } from 'snappyjs';
import { readMessages } from '../fixtures/files.ts';
import type { Case, Cases } from './serve.ts';

export function rlpxCases(folder: string): Cases {
  return {
    'rlpx-handshake': handshakes,
    'rlpx-peer': handshakes,
    // The package has no back-pressure and copies all buffered data for each chunk, so that a larger number at once is
    // slower.
    'rlpx-bulk': messages(() => readMessages(folder, 'random'), { atOnce: 4, unit: 'bytes' }),
    'rlpx-blocks': messages(() => readMessages(folder, 'blocks'), { atOnce: 4, unit: 'bytes' }),
    'rlpx-small': messages(() => readMessages(folder, 'small'), { atOnce: 64, unit: 'messages' }),
  };
}

/**
 * A minimal protocol: received payloads are passed on, sent ones are compressed as in ETH. It extends SNAP because the
 * base class is not exported, and ETH requires a Status first.
 */
class Bench extends SNAP {
  received: (payload: Uint8Array) => void = () => {};

  override _handleMessage(_code: number, payload: Uint8Array): void {
    this.received(payload);
  }

  send(payload: Uint8Array): void {
    this._send(0, compress(payload));
  }
}

type Ends = [dialed: Peer, accepted: Peer];

const sockets = new WeakMap<Peer, Socket>();

/** Opens peers over loopback sockets, one pair per call. */
async function pairs(): Promise<() => Promise<Ends>> {
  const common = new Common({ chain: Mainnet });
  const [dialerKey, acceptorKey] = [generatePrivateKey(), generatePrivateKey()];
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const open = async (socket: Socket, privateKey: Uint8Array, remoteId: Uint8Array | null) => {
    const peer = new Peer({
      clientId: new TextEncoder().encode('bench'),
      capabilities: [{ name: 'bench', version: 1, length: 1, constructor: Bench }],
      common,
      port: 0,
      id: nobleCrypto.secp256k1.publicKey(privateKey),
      // A null marks the accepting side, against the declared type.
      remoteId: remoteId as Uint8Array,
      privateKey,
      socket,
      timeout: 10_000,
    });
    sockets.set(peer, socket);
    await new Promise((resolve, reject) => {
      peer.events.once('connect', resolve);
      peer.events.once('error', reject);
    });
    return peer;
  };
  const remoteId = nobleCrypto.secp256k1.publicKey(acceptorKey);
  return async () => {
    const accepted = once(server, 'connection').then(([socket]) => open(socket, acceptorKey, null));
    const socket = dial({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return Promise.all([open(socket, dialerKey, remoteId), accepted]);
  };
}

const handshakes: Case = async () => {
  const open = await pairs();
  return async (over) => {
    let count = 0;
    while (!over()) {
      const peers = await open();
      for (const peer of peers) {
        if (peer.getProtocols().length !== 1) throw new Error('no common protocol');
        sockets.get(peer)?.destroy();
      }
      count++;
    }
    return count;
  };
};

interface MessageOptions {
  /** Number of concurrent messages. */
  atOnce: number;
  unit: 'bytes' | 'messages';
}

/** Sends messages from one end to the other and compares each with the sent one. */
function messages(load: () => Uint8Array[], { atOnce, unit }: MessageOptions): Case {
  return async () => {
    const payloads = load();
    const payload = (index: number) => payloads[index % payloads.length] as Uint8Array;
    const [from, to] = (await (await pairs())()).map((peer) => peer.getProtocols()[0] as Bench);
    if (from === undefined || to === undefined) throw new Error('no common protocol');
    return async (over) => {
      let count = 0;
      while (!over()) {
        await new Promise<void>((resolve, reject) => {
          let arrived = 0;
          to.received = (received) => {
            if (Buffer.compare(received, payload(arrived++)) !== 0) {
              reject(new Error(`message ${arrived} differs`));
            }
            if (arrived === atOnce) resolve();
          };
          for (let index = 0; index < atOnce; index++) from.send(payload(index));
        });
        count += atOnce;
      }
      return unit === 'bytes' ? count * payload(0).length : count;
    };
  };
}
