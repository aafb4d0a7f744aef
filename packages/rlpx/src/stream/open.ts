import type { Duplex } from 'node:stream';
import { toHex } from '@devp2p/bytes';
import { bytes, methods } from '@devp2p/options';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { RlpxError } from '../error.ts';
import { acceptHandshake, initiateHandshake } from '../handshake/handshake.ts';
import { addressRules, type RlpxOptions, rlpxRules, withDefaults } from '../options.ts';
import { DuplexWire } from './duplex-wire.ts';
import type { Address } from './message.ts';
import { RlpxStream } from './stream.ts';

/** Addresses of a transport, for information only. */
export interface Addresses {
  readonly remoteAddress?: Address | undefined;
  readonly localAddress?: Address | undefined;
}

/**
 * Opens a stream to a node over a connected transport.
 *
 * @param duplex owned by the stream: it is destroyed when the handshake fails, and with the stream
 * @param remoteId public key of the node, 64 bytes
 * @throws RlpxError `invalid-option`, `handshake-failed`, `handshake-timeout`, `truncated`, `connection-reset` or `transport`; the
 * signal's reason when it aborts.
 */
export async function initiate(
  duplex: Duplex,
  remoteId: Uint8Array,
  options: RlpxOptions & Addresses,
): Promise<RlpxStream> {
  check.value('duplex', duplex, duplexRule);
  check.options('initiate', options, rules);
  check.value('remoteId', remoteId, bytes(64));
  return open(duplex, remoteId, options);
}

/**
 * Opens a stream for the node that dialed. The handshake proves its key.
 *
 * @param duplex owned by the stream: it is destroyed when the handshake fails, and with the stream
 * @throws RlpxError as {@link initiate}.
 */
export async function accept(duplex: Duplex, options: RlpxOptions & Addresses): Promise<RlpxStream> {
  check.value('duplex', duplex, duplexRule);
  check.options('accept', options, rules);
  return open(duplex, undefined, options);
}

const rules = { ...rlpxRules, ...addressRules };

const duplexRule = {
  ...methods('on', 'off', 'pause', 'resume', 'write', 'end', 'destroy'),
  expected: 'a Duplex of node:stream, such as a connected socket',
};

/** A node cannot decrypt an auth for another key, and most then close the connection without a reply. */
const adviceOn = (remoteId: Uint8Array): string =>
  `: most often its node id is not the dialed one, ${toHex(remoteId).slice(0, 16)}…; check the id in its enode URL or record`;

/** As {@link initiate} and {@link accept}, for checked options. */
export async function open(
  duplex: Duplex,
  remoteId: Uint8Array | undefined,
  options: RlpxOptions & Addresses,
): Promise<RlpxStream> {
  const settings = withDefaults(options);
  const { clock, publicKey: localId, handshakeTimeout } = settings;
  const { signal, remoteAddress, localAddress } = options;
  const inbound = remoteId === undefined;
  const started = clock.monotonic();
  const wire = new DuplexWire(duplex, inbound ? '' : adviceOn(remoteId));
  const timer = clock.setTimeout(
    () => wire.fail(new RlpxError('handshake-timeout', `no handshake within ${handshakeTimeout} ms`)),
    handshakeTimeout,
  );
  const onAbort = (): void => wire.fail(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    const secrets = inbound ? await acceptHandshake(wire, settings) : await initiateHandshake(wire, remoteId, settings);
    const rest = wire.release();
    const endpoints = { localId, inbound, remoteAddress, localAddress };
    const stream = new RlpxStream(duplex, secrets, endpoints, settings);
    stream.start(rest);
    const milliseconds = clock.monotonic() - started;
    publish(() => ({
      type: 'handshake',
      localId,
      inbound,
      remoteId: secrets.remoteId,
      remoteAddress,
      milliseconds,
    }));
    return stream;
  } catch (error) {
    wire.fail(error);
    const milliseconds = clock.monotonic() - started;
    publish(() => ({
      type: 'handshake-failed',
      localId,
      inbound,
      remoteId,
      remoteAddress,
      milliseconds,
      error,
    }));
    throw error;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
