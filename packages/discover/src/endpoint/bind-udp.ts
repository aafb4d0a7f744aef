import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { bytes, integer, positive, type Rules, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { causeText, DiscoverError } from '../error.ts';
import type { Address, UdpSocket } from './udp-socket.ts';

/** Address and buffer of a UDP socket. */
export interface BindOptions {
  /** UDP port; 0 for any free port. @default 30303 */
  readonly port?: number | undefined;
  /**
   * Local IP address. Its family is that of the socket; `::` accepts both.
   * @default `::`, or `0.0.0.0` if the system has no IPv6
   */
  readonly host?: string | undefined;
  /**
   * Size in bytes of the receive queue, above which datagrams are lost. The system has an upper limit.
   * @default that of the system, some hundred datagrams
   */
  readonly receiveBuffer?: number | undefined;
}

/** Options of {@link bindUdp}. */
export interface BindUdpOptions extends BindOptions {
  /** Public key of the local node, 64 bytes, for diagnostics events. @default none */
  readonly localId?: Uint8Array | undefined;
}

/** Rules of {@link BindOptions}. */
export const bindRules: Rules<BindOptions> = {
  port: integer(0, 65_535),
  host: string,
  receiveBuffer: positive,
};

const rules: Rules<BindUdpOptions> = { ...bindRules, localId: bytes(64) };

/**
 * Binds a UDP socket.
 *
 * @throws DiscoverError `listen-failed`, `invalid-option`
 */
export async function bindUdp(options: BindUdpOptions = {}): Promise<UdpSocket> {
  check.options('bindUdp', options, rules);
  const { port = 30303, host, localId } = options;
  try {
    const socket = await bind(host ?? '::', port, options.receiveBuffer);
    return fromDgram(socket, localId);
  } catch (cause) {
    const hasNoIpv6 = isSystemError(cause, 'EAFNOSUPPORT') || isSystemError(cause, 'EADDRNOTAVAIL');
    if (host === undefined && hasNoIpv6) return bindUdp({ ...options, host: '0.0.0.0' });
    throw new DiscoverError('listen-failed', `cannot bind UDP port ${port} of ${host ?? '::'}: ${causeText(cause)}`, {
      cause,
    });
  }
}

async function bind(host: string, port: number, recvBufferSize: number | undefined): Promise<Socket> {
  const isIpv6 = host.includes(':');
  const socket = createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    ...(recvBufferSize !== undefined && { recvBufferSize }),
    // Each host is an address. The default lookup would use the thread pool for each packet.
    lookup: (address, _options, done) => done(null, address, isIpv6 ? 6 : 4),
  });
  try {
    const bound = once(socket, 'listening');
    socket.bind({ port, address: host, exclusive: true });
    await bound;
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

function fromDgram(socket: Socket, localId: Uint8Array | undefined): UdpSocket {
  const { address, port, family } = socket.address();
  const isIpv6 = family === 'IPv6';
  const localAddress: Address = { host: address, port };
  let closed: Promise<void> | undefined;
  const onSent = (error: Error | null): void => {
    if (error && !closed) publish(() => ({ type: 'send-failed', localId, localAddress, error }));
  };
  socket.on('error', (error) => publish(() => ({ type: 'socket-failed', localId, localAddress, error })));
  return {
    localAddress,
    send(bytes, to) {
      if (closed) return;
      const host = isIpv6 && !to.host.includes(':') ? `::ffff:${to.host}` : to.host;
      socket.send(bytes, to.port, host, onSent);
    },
    onMessage(handler) {
      socket.removeAllListeners('message');
      socket.on('message', ({ buffer, byteOffset, length }, from) =>
        handler(new Uint8Array(buffer, byteOffset, length), {
          host: from.address,
          port: from.port,
        }),
      );
    },
    close() {
      closed ??= new Promise((resolve) => socket.close(resolve));
      return closed;
    },
  };
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
