import { type Crypto, generatePrivateKey } from '@devp2p/crypto';
import { openPeer, protocol } from '@devp2p/peer';
import { bytes, decode, encode, list, struct, text, uint } from '@devp2p/rlp';
import type { RlpxStream } from '@devp2p/rlpx';
import { connect, listen } from '@devp2p/rlpx/tcp';
import { readMessages } from '../fixtures/files.ts';
import type { Case, Cases } from './serve.ts';

const messageCode = 0x10;
/** Marks the end of the messages of a slice. */
const endCode = 0x11;

export function rlpxCases(folder: string, crypto: Crypto): Cases {
  return {
    'rlpx-handshake': handshakes(crypto, exchangeHello),
    'rlpx-peer': handshakes(crypto, openBenchPeer),
    'rlpx-bulk': messages(crypto, () => readMessages(folder, 'random'), 'bytes'),
    'rlpx-blocks': messages(crypto, () => readMessages(folder, 'blocks'), 'bytes'),
    'rlpx-small': messages(crypto, () => readMessages(folder, 'small'), 'messages'),
  };
}

type Ends = [dialed: RlpxStream, accepted: RlpxStream];

/** Opens streams over loopback sockets, one pair per call. */
async function pairs(crypto: Crypto): Promise<() => Promise<Ends>> {
  const [dialerKey, acceptorKey] = [generatePrivateKey(), generatePrivateKey()];
  const id = crypto.secp256k1.publicKey(acceptorKey);
  // Keys of go-ethereum include the public key, too.
  const dialer = { privateKey: dialerKey, publicKey: crypto.secp256k1.publicKey(dialerKey) };
  let accepted: (stream: RlpxStream) => void = () => {};
  const { address } = await listen({
    privateKey: acceptorKey,
    crypto,
    host: '127.0.0.1',
    port: 0,
    onStream: (stream) => accepted(stream),
  });
  const node = { id, host: address.host, tcp: address.port };
  return () => {
    const incoming = new Promise<RlpxStream>((resolve) => {
      accepted = resolve;
    });
    return Promise.all([connect(node, { ...dialer, crypto }), incoming]);
  };
}

function handshakes(crypto: Crypto, greet: (stream: RlpxStream) => Promise<void>): Case {
  return async () => {
    const open = await pairs(crypto);
    return async (over) => {
      let count = 0;
      while (!over()) {
        const streams = await open();
        await Promise.all(streams.map(greet));
        for (const stream of streams) stream.destroy();
        await Promise.all(streams.map(({ closed }) => closed));
        count++;
      }
      return count;
    };
  };
}

const hello = struct({
  version: uint(8),
  name: text(100),
  capabilities: list(struct({ name: text(8), version: uint(8) })),
  listenPort: uint(16),
  id: bytes(64),
});

/** Exchanges Hello only, like the other implementations. */
async function exchangeHello(stream: RlpxStream): Promise<void> {
  const capabilities = [{ name: 'bench', version: 1 }];
  const ours = { version: 5, name: 'bench', capabilities, listenPort: 0, id: stream.localId };
  await stream.write(0, encode(hello, ours));
  const message = await stream.read();
  if (message?.code !== 0) throw new Error('no Hello received');
  const { id } = decode(hello, message.payload);
  if (Buffer.compare(id, stream.remoteId) !== 0) throw new Error('Hello has another key');
  stream.enableCompression();
}

const protocols = [protocol({ name: 'bench', version: 1, length: 1, run: (_, { signal }) => ended(signal) })];

/** Opens a peer until its protocols run. */
async function openBenchPeer(stream: RlpxStream): Promise<void> {
  const peer = await openPeer(stream, { clientId: 'bench', protocols });
  if (peer.capabilities[0]?.name !== 'bench') throw new Error('no common protocol');
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Sends messages from one end to the other and compares each with the sent one. */
function messages(crypto: Crypto, load: () => Uint8Array[], unit: 'bytes' | 'messages'): Case {
  return async () => {
    const payloads = load();
    const payload = (index: number) => payloads[index % payloads.length] as Uint8Array;
    const [from, to] = await (await pairs(crypto))();
    for (const stream of [from, to]) stream.enableCompression();

    const send = async (over: () => boolean): Promise<number> => {
      let index = 0;
      while (!over()) await from.write(messageCode, payload(index++));
      await from.write(endCode, new Uint8Array());
      return index;
    };
    const receive = async (): Promise<number> => {
      for (let index = 0; ; index++) {
        const message = await to.read();
        if (message?.code === endCode) return index;
        const same = message?.code === messageCode && Buffer.compare(message.payload, payload(index)) === 0;
        if (!same) throw new Error(`message ${index} differs`);
      }
    };
    return async (over) => {
      const [sent, received] = await Promise.all([send(over), receive()]);
      if (sent !== received) throw new Error(`${sent} sent, ${received} received`);
      return unit === 'bytes' ? received * payload(0).length : received;
    };
  };
}
