import { equalBytes, isZero } from '@devp2p/bytes';
import { type Clock, withTimeout } from '@devp2p/clock';
import { check } from '../check-options.ts';
import { breach, errorMessage, PeerError, reasonOf, streamFailed } from '../error.ts';
import type { Protocol } from '../protocol/protocol.ts';
import type { Message, MessageStream } from '../stream.ts';
import { baseCodes, baseVersion } from '../wire/base-protocol.ts';
import { negotiate, offered, type Running } from '../wire/capabilities.ts';
import { type DisconnectReason, decodeDisconnect, reasonRule } from '../wire/disconnect-reasons.ts';
import { decodeHello, encodeHello, maxHelloSize, type RemoteHello } from '../wire/hello.ts';

/** Options of {@link exchangeHello}. */
export interface ExchangeHelloOptions {
  readonly clientId: string;
  readonly listenPort: number;
  readonly protocols: readonly Protocol[];
  readonly accept: (hello: RemoteHello) => DisconnectReason | undefined;
  readonly clock: Clock;
  readonly handshakeTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/** Result of {@link exchangeHello}: an accepted remote and the shared capabilities. */
export interface HelloExchange {
  readonly hello: RemoteHello;
  readonly running: readonly Running[];
  /** Length of the received Hello on the wire, in bytes. */
  readonly received: number;
  /** Length of the sent Hello on the wire, in bytes. */
  readonly sent: Promise<number>;
}

/**
 * Encodes our Hello.
 *
 * @throws {@link PeerError} `invalid-option` when it is longer than other nodes accept.
 */
function ourHello(localId: Uint8Array, { clientId, listenPort, protocols }: ExchangeHelloOptions): Uint8Array {
  const hello = encodeHello({
    version: baseVersion,
    clientId,
    capabilities: offered(protocols),
    listenPort,
    id: localId,
  });
  if (hello.length > maxHelloSize) {
    throw new PeerError('invalid-option', `Hello has ${hello.length} bytes, more than ${maxHelloSize}`);
  }
  return hello;
}

/**
 * Exchanges Hello and selects the capabilities that run (devp2p rlpx.md, "p2p capability").
 *
 * @param read reads the stream; the caller finishes a read that is still pending when this throws
 * @throws {@link PeerError} with the `direction` `local` when its `reason` is to be sent to the remote.
 */
export async function exchangeHello(
  stream: MessageStream,
  read: () => Promise<Message | undefined>,
  options: ExchangeHelloOptions,
): Promise<HelloExchange> {
  const { localId, remoteId } = stream;
  if (options.signal?.aborted) throw aborted(options.signal);
  if (equalBytes(localId, remoteId)) throw refused('connected-to-self');

  // Both sides send before they read, so the write is not awaited.
  const sent = stream.write(baseCodes.hello, ourHello(localId, options));
  sent.catch(() => {}); // A stream that fails to write also ends for the reader.

  const message = await firstMessage(read, options);
  const hello = readHello(message);
  if (hello.version >= baseVersion) stream.enableCompression();

  if (hello.id.length !== 64 || isZero(hello.id)) {
    throw new PeerError('breach', 'Hello has no valid public key', {
      reason: 'invalid-identity',
      direction: 'local',
    });
  }
  if (!equalBytes(hello.id, remoteId)) throw refused('unexpected-identity');
  const running = negotiate(options.protocols, hello.capabilities);
  if (running.length === 0) throw refused('useless-peer', hello);
  const objection = options.accept(hello);
  if (objection !== undefined) {
    check.value('the result of accept', objection, reasonRule);
    throw refused(objection, hello);
  }

  return { hello, running, received: message.wireSize, sent };
}

const timedOut = Symbol('no Hello in time');

async function firstMessage(
  read: () => Promise<Message | undefined>,
  { clock, handshakeTimeout, signal }: ExchangeHelloOptions,
): Promise<Message> {
  let message: Message | undefined;
  try {
    message = await withTimeout(clock, handshakeTimeout, read, { signal, reason: timedOut });
  } catch (cause) {
    if (cause === timedOut) {
      throw new PeerError('handshake-timeout', `no Hello within ${handshakeTimeout} ms`, {
        reason: 'read-timeout',
        direction: 'local',
      });
    }
    if (signal?.aborted) throw aborted(signal);
    throw streamFailed(cause);
  }
  if (message === undefined) {
    throw new PeerError('ended', 'the remote closed before it sent Hello', { direction: 'remote' });
  }
  return message;
}

function aborted({ reason: cause }: AbortSignal): PeerError {
  return new PeerError('aborted', `aborted before Hello was received: ${errorMessage(cause)}`, {
    reason: reasonOf(cause) ?? 'requested',
    direction: 'local',
    cause,
  });
}

function readHello({ code, payload }: Message): RemoteHello {
  if (code === baseCodes.disconnect) {
    const reason = decodeDisconnect(payload);
    const name = reason ?? 'unknown reason';
    throw new PeerError('disconnected', `the remote disconnected: ${name}`, {
      reason,
      direction: 'remote',
    });
  }
  if (code !== baseCodes.hello) throw breach(`message ${code} before Hello`);
  if (payload.length > maxHelloSize) throw breach(`Hello has ${payload.length} bytes, more than ${maxHelloSize}`);
  try {
    return decodeHello(payload);
  } catch (cause) {
    throw breach(`malformed Hello: ${errorMessage(cause)}`, cause);
  }
}

function refused(reason: DisconnectReason, hello?: RemoteHello): PeerError {
  return new PeerError('refused', `the remote is refused: ${reason}`, {
    reason,
    direction: 'local',
    hello,
  });
}
