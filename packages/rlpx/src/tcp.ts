/// <reference types="node" preserve="true" />

import { once } from 'node:events';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { systemClock, withTimeout } from '@devp2p/clock';
import { type Enode, enodeFromEnr, parseEnode, parseEnr } from '@devp2p/enr';
import { bytes, func, integer, positive, type Rules, required, string } from '@devp2p/options';
import { check } from './check-options.ts';
import { publish } from './diagnostics.ts';
import { errorMessage, RlpxError } from './error.ts';
import { type RlpxOptions, rlpxRules, withDefaults } from './options.ts';
import { type Address, formatAddress } from './stream/message.ts';
import { open } from './stream/open.ts';
import type { RlpxStream } from './stream/stream.ts';

export type { Enode } from '@devp2p/enr';
export type { RlpxError, RlpxErrorCode, RlpxErrorReason } from './error.ts';
export type { RlpxOptions } from './options.ts';
export type { Address, Message } from './stream/message.ts';
export type { RlpxStream } from './stream/stream.ts';

/** Options of {@link connect}. */
export interface ConnectOptions extends RlpxOptions {
  /**
   * Time for the socket to open, in milliseconds. The handshake has its own timeout.
   * @default 15000, as go-ethereum (`defaultDialTimeout`)
   */
  readonly connectTimeout?: number | undefined;
}

const connectRules: Rules<ConnectOptions> = { ...rlpxRules, connectTimeout: positive };

/**
 * Dials a node over TCP.
 *
 * @param node its id and endpoint, its `enode://` URL, in which a host name is allowed, or the `enr:` text of its record.
 * @throws RlpxError `invalid-option` for invalid options or nodes, before anything is dialed; `connect-failed`,
 * `connect-timeout` or the errors of `initiate`; EnodeError, EnrError; CryptoError for an invalid private key; the
 * signal's reason.
 */
export async function connect(
  node: Pick<Enode, 'id' | 'host' | 'tcp'> | string,
  options: ConnectOptions,
): Promise<RlpxStream> {
  check.options('connect', options, connectRules);
  const { id, host, tcp } = endpointOf(node, options);
  const { publicKey } = withDefaults(options);
  const socket = await dial(host, tcp, options);
  return open(socket, id, { ...options, publicKey, ...addresses(socket) });
}

const endpointRules = {
  id: required(bytes(64)),
  host: required(string),
  tcp: required(integer(1, 65_535)),
};

/** @throws RlpxError `invalid-option` for a node without public key, host or port; EnodeError, EnrError */
function endpointOf(
  node: Pick<Enode, 'id' | 'host' | 'tcp'> | string,
  { crypto }: ConnectOptions,
): Pick<Enode, 'id' | 'host' | 'tcp'> {
  const found = typeof node === 'string' ? parseNode(node, crypto) : node;
  if (typeof found !== 'object' || found === null) {
    check.fail('node', node, 'an enode:// URL, an enr: text, or an object with id, host and tcp');
  }
  check.fields('node', found, endpointRules);
  const { id, host, tcp } = found;
  return { id, host, tcp };
}

function parseNode(text: string, crypto: ConnectOptions['crypto']): Enode {
  if (!text.startsWith('enr:')) return parseEnode(text, { allowHostname: true });
  const enode = enodeFromEnr(parseEnr(text, { crypto }));
  return enode ?? check.fail('node', text, 'a record with an IP address');
}

async function dial(host: string, port: number, options: ConnectOptions): Promise<Socket> {
  const { clock = systemClock, connectTimeout = 15_000, signal } = options;
  signal?.throwIfAborted();
  const socket = tcpConnect({ host, port, noDelay: true });
  // On abort `once` removes its listener first; an error of the socket between that and its destruction is ignored.
  socket.on('error', () => {});
  try {
    const opened = (ended: AbortSignal) => once(socket, 'connect', { signal: ended });
    await withTimeout(clock, connectTimeout, opened, { signal });
    return socket;
  } catch (cause) {
    socket.destroy();
    if (signal?.aborted) throw cause;
    const where = formatAddress({ host, port });
    if (cause instanceof DOMException) {
      throw new RlpxError('connect-timeout', `cannot reach ${where} within ${connectTimeout} ms`);
    }
    throw new RlpxError('connect-failed', `cannot connect to ${where}: ${errorMessage(cause)}`, {
      cause,
    });
  }
}

/** Handling of one accepted socket. */
export interface Admission {
  /** Ends the handshake when it aborts. @default only the timeout ends it */
  readonly signal?: AbortSignal | undefined;
  /** Called with the stream of this socket. @default `onStream` of the listener */
  readonly onStream?: ((stream: RlpxStream) => void) | undefined;
  /** Called when the handshake fails. @default not called */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/** Options of {@link listen}. */
export interface ListenOptions extends Omit<RlpxOptions, 'signal'> {
  /** TCP port; 0 for any free port. @default 30303 */
  readonly port?: number | undefined;
  /** Local address. @default all addresses */
  readonly host?: string | undefined;
  /**
   * Most concurrent handshakes. One more replaces the oldest, so that silent sockets cannot block others.
   * @default 100
   */
  readonly maxHandshakes?: number | undefined;
  /**
   * Decides whether to accept a socket, before a byte is read. An {@link Admission} accepts it with settings of its own.
   * @default accepts every socket
   */
  readonly accept?: ((remote: Address) => boolean | Admission) | undefined;
  /** Called with each stream whose handshake succeeds. The callee closes it. */
  readonly onStream: (stream: RlpxStream) => void;
}

/** A listening port. */
export interface Listener {
  readonly address: Address;
  /** Stops listening and ends unfinished handshakes. Open streams stay open. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const { signal: _, ...ownRules } = rlpxRules;
const listenRules: Rules<ListenOptions> = {
  ...ownRules,
  port: integer(0, 65_535),
  host: string,
  maxHandshakes: positive,
  accept: func,
  onStream: required(func),
};

/**
 * Listens for inbound connections over TCP. A failed handshake has no caller to throw to, so it is published on the
 * diagnostics channel `devp2p:rlpx`.
 *
 * @throws RlpxError `listen-failed`; `invalid-option` for invalid options; CryptoError for an invalid private key.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  check.options('listen', options, listenRules);
  const { port = 30303, host, maxHandshakes = 100, onStream } = options;
  const { publicKey } = withDefaults(options);
  const handshakes = new Map<AbortController, Promise<void>>();

  const acceptSocket = async (socket: Socket, admission: Admission, ended: AbortController): Promise<void> => {
    const { signal } = ended;
    const abort = (): void => ended.abort(admission.signal?.reason);
    admission.signal?.addEventListener('abort', abort);
    if (admission.signal?.aborted) abort();
    let stream: RlpxStream;
    try {
      const endpoints = addresses(socket);
      stream = await open(socket, undefined, { ...options, publicKey, signal, ...endpoints });
    } catch (error) {
      admission.onFailure?.(error);
      return;
    } finally {
      admission.signal?.removeEventListener('abort', abort);
    }
    (admission.onStream ?? onStream)(stream);
  };
  const onConnection = (socket: Socket): void => {
    const { remoteAddress } = addresses(socket);
    const admission = remoteAddress !== undefined && (options.accept?.(remoteAddress) ?? true);
    if (admission === false) {
      socket.destroy();
      return;
    }
    const [oldest] = handshakes.keys();
    if (oldest && handshakes.size >= maxHandshakes) {
      oldest.abort(new RlpxError('handshake-displaced', 'replaced by a newer handshake'));
      handshakes.delete(oldest);
    }
    const controller = new AbortController();
    const done = acceptSocket(socket, admission === true ? {} : admission, controller).finally(() =>
      handshakes.delete(controller),
    );
    handshakes.set(controller, done);
  };

  const server = createServer({ noDelay: true, pauseOnConnect: true }, onConnection);
  try {
    server.listen({ port, host });
    await once(server, 'listening');
  } catch (cause) {
    const where = formatAddress({ host: host ?? '*', port });
    throw new RlpxError('listen-failed', `cannot listen on ${where}: ${errorMessage(cause)}`, {
      cause,
    });
  }
  server.on('error', (error) => publish(() => ({ type: 'accept-failed', localId: publicKey, error })));

  const close = async (): Promise<void> => {
    server.close();
    const reason = new RlpxError('closed', 'the listener was closed');
    const pending = [...handshakes];
    for (const [controller] of pending) controller.abort(reason);
    await Promise.allSettled(pending.map(([, done]) => done));
  };
  return { address: bound(server), close, [Symbol.asyncDispose]: close };
}

function bound(server: Server): Address {
  const address = server.address();
  // The address of a pipe is its name.
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server');
  return { host: address.address, port: address.port };
}

function addresses(socket: Socket): { remoteAddress?: Address; localAddress?: Address } {
  const remoteAddress = address(socket.remoteAddress, socket.remotePort);
  const localAddress = address(socket.localAddress, socket.localPort);
  return { ...(remoteAddress && { remoteAddress }), ...(localAddress && { localAddress }) };
}

/** `undefined` for a closed socket. IPv4 on a dual-stack socket is written as mapped IPv6, which is undone. */
function address(host: string | undefined, port: number | undefined): Address | undefined {
  if (host === undefined || port === undefined) return undefined;
  return { host: host.replace(/^::ffff:(?=\d+\.)/, ''), port };
}
