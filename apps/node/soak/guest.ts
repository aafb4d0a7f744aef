import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@devp2p/clock';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { formatEnode, parseEnode } from '@devp2p/enr';
import { type Channel, openPeer, type Peer, protocol } from '@devp2p/peer';
import { accept, initiate, type RlpxOptions, type RlpxStream } from '@devp2p/rlpx';

/** A peer of a node that needs few resources: it returns the Status of the node, and responds to Pings. */
export interface Guest {
  readonly peer: Peer;
  readonly stream: RlpxStream;
  readonly channel: Channel;
  /**
   * Requests headers from number 0 on, and waits for the response.
   *
   * @param amount below 128, or from 256 on; 1 by default
   */
  ask(amount?: number): Promise<void>;
  /** Number of eth messages received, including Status. */
  readonly received: number;
}

/** Message codes of eth. */
const codes = { status: 0x00, getHeaders: 0x03, headers: 0x04 } as const;

/** Encodes `[1, [0, amount, 0, 0]]`, with an amount of one byte up to 127, else of two, so 128 to 255 are not valid. */
function encodeRequest(amount: number): Uint8Array {
  const digits = amount < 0x80 ? [amount] : [0x82, amount >> 8, amount & 0xff];
  return Uint8Array.of(0xc5 + digits.length, 1, 0xc3 + digits.length, 0x80, ...digits, 0x80, 0x80);
}

/** Returns the loopback address with a number, so that each peer can have its own. */
export function loopback(number: number): string {
  return `127.${1 + ((number >> 16) & 0x7f)}.${(number >> 8) & 0xff}.${1 + (number % 254)}`;
}

/** Opens a TCP connection to a node from a local address. */
export async function openSocket(enode: string, from = '127.0.0.1'): Promise<Socket> {
  const { host, tcp } = parseEnode(enode);
  const socket = connect({ host, port: tcp, localAddress: from, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Does the RLPx handshake with a node, over a new socket unless one is given. */
export async function dial(
  enode: string,
  from?: string,
  options: Partial<RlpxOptions> = {},
  opened?: Duplex,
): Promise<RlpxStream> {
  const socket = opened ?? (await openSocket(enode, from));
  const { id } = parseEnode(enode);
  return initiate(socket, id, { privateKey: generatePrivateKey(), crypto, ...options });
}

/** Connects to a node as a peer. */
export async function connectPeer(
  enode: string,
  from?: string,
  options?: Partial<RlpxOptions>,
  opened?: Duplex,
): Promise<Guest> {
  return openGuest(await dial(enode, from, options, opened), options?.clock);
}

/** Creates a guest from a stream, once both sides have sent Status. */
export async function openGuest(stream: RlpxStream, clock?: Clock): Promise<Guest> {
  let received = 0;
  let onStatus = (_: Channel): void => {};
  let onHeaders = (): void => {};
  const agreed = new Promise<Channel>((resolve) => {
    onStatus = resolve;
  });
  const eth = protocol({
    name: 'eth',
    version: 69,
    length: 18,
    async run(channel) {
      for await (const { code, payload } of channel) {
        received++;
        if (code === codes.status) {
          await channel.send(codes.status, payload);
          onStatus(channel);
        } else if (code === codes.headers) onHeaders();
      }
    },
  });
  const options = { clientId: 'guest/1.0', protocols: [eth], ...(clock && { clock }) };
  const peer = await openPeer(stream, options);
  const ended = peer.closed.then(({ reason, error }): never => {
    throw error ?? new Error(`ended: ${reason}`);
  });
  ended.catch(() => {});
  const channel = await Promise.race([agreed, ended]);
  return {
    peer,
    stream,
    channel,
    get received() {
      return received;
    },
    async ask(amount = 1) {
      const answer = new Promise<void>((resolve) => {
        onHeaders = resolve;
      });
      await channel.send(codes.getHeaders, encodeRequest(amount));
      await Promise.race([answer, ended]);
    },
  };
}

/** A peer that a node can dial. */
export interface Host {
  readonly enode: string;
  /** Waits for the next inbound connection, as a guest. */
  nextGuest(): Promise<Guest>;
  close(): void;
}

/**
 * Listens for nodes that dial.
 *
 * @param isThere whether a connection is accepted; if not, its socket is closed
 */
export async function openHost(
  from = '127.0.0.1',
  privateKey = generatePrivateKey(),
  isThere = (): boolean => true,
): Promise<Host> {
  const id = crypto.secp256k1.publicKey(privateKey);
  const guests: Promise<Guest>[] = [];
  let onGuest = (): void => {};
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    if (!isThere()) {
      socket.destroy();
      return;
    }
    const guest = accept(socket, { privateKey, publicKey: id, crypto }).then((stream) => openGuest(stream));
    guest.catch(() => {});
    guests.push(guest);
    onGuest();
  });
  server.listen(0, from);
  await once(server, 'listening');
  const { address: host, port: tcp } = server.address() as AddressInfo;
  return {
    enode: formatEnode({ id, host, tcp, udp: 0 }),
    async nextGuest() {
      for (;;) {
        const guest = guests.shift();
        if (guest !== undefined) return guest;
        await new Promise<void>((resolve) => {
          onGuest = resolve;
        });
      }
    },
    close: () => void server.close(),
  };
}
