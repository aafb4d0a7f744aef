import { once } from 'node:events';
import { connect } from 'node:net';
import { type Clock, withTimeout } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { MessageStream } from '@devp2p/peer';
import { initiate } from '@devp2p/rlpx';

/** Node to dial. */
export interface DialTarget {
  readonly id: Uint8Array;
  readonly host: string;
  readonly tcp: number;
}

/** Opens an authenticated stream to a node. */
export type Dial = (
  target: DialTarget,
  options: {
    readonly signal: AbortSignal;
    /** Called when the connection is open, before the handshake. */
    readonly onConnected: () => void;
  },
) => Promise<MessageStream>;

export interface TcpDialOptions {
  readonly privateKey: Uint8Array;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** In milliseconds. */
  readonly connectTimeout: number;
  /** In milliseconds. */
  readonly handshakeTimeout: number;
}

/** The connection could not be opened. `code` is the code of the system error, or `timeout`. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`connection failed: ${code}`, options);
    this.code = code;
  }
}

/** Bytes of the largest accepted message. Status and one header are much smaller, but a node may send other messages. */
const maxMessageSize = 10 * 1024 * 1024;

/** Returns a function that dials over TCP and runs the RLPx handshake. */
export function tcpDial(options: TcpDialOptions): Dial {
  const { privateKey, crypto, clock, connectTimeout, handshakeTimeout } = options;
  const publicKey = crypto.secp256k1.publicKey(privateKey);
  const settings = { privateKey, publicKey, crypto, clock, handshakeTimeout, maxMessageSize };
  return async ({ id, host, tcp }, { signal, onConnected }) => {
    const socket = connect({ host, port: tcp, noDelay: true });
    const timeout = new ConnectError('timeout');
    const connected = (aborted: AbortSignal) => once(socket, 'connect', { signal: aborted });
    try {
      await withTimeout(clock, connectTimeout, connected, { signal, reason: timeout });
    } catch (cause) {
      socket.destroy();
      if (cause === timeout || signal.aborted) throw cause;
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
