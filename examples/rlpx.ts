// Two nodes on one machine: the second dials the first, and they exchange a message.
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import type { RlpxStream } from '@devp2p/rlpx';
import { connect, listen } from '@devp2p/rlpx/tcp';

const serverKey = generatePrivateKey();

/** Sends every message back. */
async function echo(stream: RlpxStream): Promise<void> {
  stream.enableCompression();
  for (;;) {
    const message = await stream.read();
    if (message === undefined) return; // The remote has closed.
    await stream.write(message.code, message.payload);
  }
}

const listener = await listen({
  privateKey: serverKey,
  crypto,
  host: '127.0.0.1',
  port: 0,
  onStream: (stream) => echo(stream).catch((error: unknown) => console.error(error)),
});

const stream = await connect(
  { id: crypto.secp256k1.publicKey(serverKey), host: '127.0.0.1', tcp: listener.address.port },
  { privateKey: generatePrivateKey(), crypto, signal: AbortSignal.timeout(10_000) },
);
stream.enableCompression();
const sent = await stream.write(0x10, new Uint8Array(100_000));
const reply = await stream.read();
console.log(`100000 bytes took ${sent} on the wire, ${reply?.payload.length} were returned`);

await stream.close();
await listener.close();
