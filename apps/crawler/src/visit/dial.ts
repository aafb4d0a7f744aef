import { once } from 'node:events';
import { connect } from 'node:net';
import { type Clock, withTimeout } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { MessageStream } from '@devp2p/peer';
import { initiate } from '@devp2p/rlpx';

/** Opens a stream to a node. */
export type Dial = (
  node: { readonly id: Uint8Array; readonly host: string; readonly tcp: number },
  options: {
    readonly signal: AbortSignal;
    /** Called when there is a connection, before the handshake. */
    readonly onConnected: () => void;
  },
) => Promise<MessageStream>;

/** What {@link tcpDial} is made with. */
export interface TcpDialOptions {
  readonly privateKey: Uint8Array;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** ms */
  readonly connectTimeout: number;
  /** ms */
  readonly handshakeTimeout: number;
}

/** The connection could not be opened; `code` is the system's, or `timeout`. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`no connection: ${code}`, options);
    this.code = code;
  }
}

/** Largest message that is taken from a node; a Status and one header are much smaller, but it may send others. */
const maxMessageSize = 10 * 1024 * 1024;

/** Dials over TCP; the stream is RLPx. */
export function tcpDial(options: TcpDialOptions): Dial {
  const { privateKey, crypto, clock, connectTimeout, handshakeTimeout } = options;
  const publicKey = crypto.secp256k1.publicKey(privateKey);
  const settings = { privateKey, publicKey, crypto, clock, handshakeTimeout, maxMessageSize };
  return async ({ id, host, tcp }, { signal, onConnected }) => {
    const socket = connect({ host, port: tcp, noDelay: true });
    const late = new ConnectError('timeout');
    const connected = (ended: AbortSignal) => once(socket, 'connect', { signal: ended });
    try {
      await withTimeout(clock, connectTimeout, connected, { signal, reason: late });
    } catch (cause) {
      socket.destroy();
      if (cause === late || signal.aborted) throw cause;
      throw new ConnectError(systemCode(cause), { cause });
    }
    onConnected();
    const remoteAddress = { host, port: tcp };
    return initiate(socket, id, { ...settings, signal, remoteAddress });
  };
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
