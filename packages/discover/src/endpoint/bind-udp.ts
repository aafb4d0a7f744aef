import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { integer, positive, type Rules, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { causeText, DiscoverError } from '../error.ts';
import type { Address, UdpSocket } from './udp-socket.ts';

/** Options of {@link bindUdp}. */
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

/** Rules of {@link BindOptions}. */
export const bindRules: Rules<BindOptions> = {
  port: integer(0, 65_535),
  host: string,
  receiveBuffer: positive,
};

/**
 * Binds a UDP socket.
 *
 * @throws DiscoverError `listen-failed`, `invalid-option`
 */
export async function bindUdp(options: BindOptions = {}): Promise<UdpSocket> {
  check.options('bindUdp', options, bindRules);
  const { port = 30303, host } = options;
  try {
    return await bind(host ?? '::', port, options.receiveBuffer);
  } catch (cause) {
    const hasNoIpv6 = isSystemError(cause, 'EAFNOSUPPORT') || isSystemError(cause, 'EADDRNOTAVAIL');
    if (host === undefined && hasNoIpv6) return bindUdp({ ...options, host: '0.0.0.0' });
    throw new DiscoverError('listen-failed', `cannot bind UDP port ${port} of ${host ?? '::'}: ${causeText(cause)}`, {
      cause,
    });
  }
}

async function bind(host: string, port: number, recvBufferSize: number | undefined): Promise<UdpSocket> {
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
  return fromDgram(socket, isIpv6);
}

function fromDgram(socket: Socket, isIpv6: boolean): UdpSocket {
  const { address, port } = socket.address();
  const localAddress: Address = { host: address, port };
  let closed: Promise<void> | undefined;
  const onSent = (error: Error | null): void => {
    if (error && !closed) publish(() => ({ type: 'send-failed', localAddress, error }));
  };
  socket.on('error', (error) => publish(() => ({ type: 'socket-failed', localAddress, error })));
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
