import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { integer, positive, type Rules, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { Discv4Error, why } from '../error.ts';
import type { Address, UdpSocket } from '../socket.ts';

/** Options of {@link bindUdp}. */
export interface BindOptions {
  /** UDP port; 0 for any that is free. @default 30303 */
  readonly port?: number | undefined;
  /**
   * Local IP address, which also says whether to speak IPv4 or IPv6; `::` is both.
   * @default `::`, or `0.0.0.0` where there is no IPv6
   */
  readonly host?: string | undefined;
  /**
   * Bytes that may wait to be looked at before datagrams are lost; systems allow only so many.
   * @default the system's, enough for some hundred datagrams
   */
  readonly receiveBuffer?: number | undefined;
}

export const bindRules: Rules<BindOptions> = {
  port: integer(0, 65_535),
  host: string,
  receiveBuffer: positive,
};

/**
 * Binds a UDP socket.
 *
 * @throws Discv4Error `listen-failed`, `invalid-option`
 */
export async function bindUdp(options: BindOptions = {}): Promise<UdpSocket> {
  check.options('bindUdp', options, bindRules);
  const { port = 30303, host } = options;
  try {
    return await bind(host ?? '::', port, options.receiveBuffer);
  } catch (cause) {
    const hasNoIpv6 = isSystemError(cause, 'EAFNOSUPPORT') || isSystemError(cause, 'EADDRNOTAVAIL');
    if (host === undefined && hasNoIpv6) return bindUdp({ ...options, host: '0.0.0.0' });
    throw new Discv4Error(
      'listen-failed',
      `cannot bind UDP port ${port} of ${host ?? '::'}: ${why(cause)}`,
      { cause },
    );
  }
}

async function bind(
  host: string,
  port: number,
  recvBufferSize: number | undefined,
): Promise<UdpSocket> {
  const isIpv6 = host.includes(':');
  const socket = createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    ...(recvBufferSize !== undefined && { recvBufferSize }),
    // Every host here is an address already; the default would go through the thread pool for each packet.
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
  socket.on('error', (error) => publish(() => ({ event: 'socket-failed', error })));
  return overDgram(socket, isIpv6);
}

function overDgram(socket: Socket, isIpv6: boolean): UdpSocket {
  const { address, port } = socket.address();
  let closed: Promise<void> | undefined;
  const onSent = (error: Error | null): void => {
    if (error && !closed) publish(() => ({ event: 'send-failed', error }));
  };
  return {
    localAddress: { host: address, port },
    send(bytes, to: Address) {
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
