import { setMaxListeners } from 'node:events';
import type { Clock } from '@devp2p/clock';
import type { Crypto, RandomBytes } from '@devp2p/crypto';
import { type Enode, formatEnode, toHex } from '@devp2p/enr';
import type { EthPeer } from '@devp2p/eth';
import type { DisconnectReason, MessageStream, Protocol } from '@devp2p/peer';
import { connect, type Listener, listen } from '@devp2p/rlpx/tcp';
import { NodeError } from '../error.ts';
import { errorText, type Logs } from '../log.ts';
import { publish } from './diagnostics.ts';
import type { NodePeer, PeerSet } from './peers.ts';
import { setUp } from './set-up.ts';
import { keepConnected } from './static-node.ts';

/** @see openNetwork */
export interface NetworkOptions {
  /** Our public key, 64 bytes, and the private one. */
  readonly id: Uint8Array;
  readonly privateKey: Uint8Array;
  /** IP address to listen on. */
  readonly host: string;
  /** TCP port to listen on; 0 takes a free one. */
  readonly port: number;
  readonly clientId: string;
  readonly eth: Protocol<'eth', EthPeer>;
  /** Where whoever connects is admitted and shown. */
  readonly peers: PeerSet;
  /** Whether a stranger at this IP address may connect. @default all may */
  readonly acceptFrom?: ((host: string) => boolean) | undefined;
  readonly staticNodes: readonly Enode[];
  readonly isStatic: (id: Uint8Array) => boolean;
  readonly isTrusted?: ((id: Uint8Array) => boolean) | undefined;
  readonly maxPendingPeers: number;
  readonly onPeer: (peer: NodePeer) => void;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logs: Logs;
}

/** The node's connections with others. */
export interface Network {
  /** TCP port that is listened on. */
  readonly port: number;
  /**
   * Connects with a node that was found. Throws when there was no connection.
   *
   * @param admit asked when the transport is there; on `false` the connection ends
   * @returns the peer that came of it, if one did
   */
  dial(node: Enode, admit: () => boolean): Promise<NodePeer | undefined>;
  /** Stays connected to one more node from now on; the caller answers for `isStatic`. */
  keep(node: Enode): void;
  /** Does not dial a static node again. A connection that there is stays. */
  letGo(id: Uint8Array): void;
  /** Resolves when each static node is a peer, or could not be reached once. */
  readonly staticsTried: Promise<void>;
  /** Says `quitting` to every peer and closes the port. Idempotent. */
  close(): Promise<void>;
}

/**
 * Listens, and dials the static nodes from then on.
 *
 * @throws NodeError `port-unavailable`
 */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const { privateKey, peers, staticNodes, isStatic } = options;
  const { maxPendingPeers, crypto, clock, random, logs } = options;
  const transport = { privateKey, publicKey: options.id, crypto, clock, random };
  const log = logs('network');
  const stop = new AbortController();
  const { signal } = stop;
  // As many as there are attempts to dial.
  setMaxListeners(0, signal);

  /** Nodes that were found and are being dialled, by hex id. */
  const dialling = new Set<string>();
  /** Nodes that dialled us and are no peers yet. */
  const arriving = new Set<string>();
  const ownKey = toHex(options.id);

  const setUpOptions = {
    // Two that dial each other at once would each take its own and refuse the other's.
    isCrossed: (other: Uint8Array) => dialling.has(toHex(other)) && ownKey > toHex(other),
    peers,
    eth: options.eth,
    clientId: options.clientId,
    isStatic,
    isTrusted: options.isTrusted,
    clock,
    log: logs('peer'),
  };
  /** Every connection from the end of the transport's handshake on. */
  const connections = new Map<Promise<unknown>, AbortController>();
  /** Those of them that others dialled and that are no peers yet, the oldest first. */
  const settingUp = new Set<AbortController>();
  const take = async (stream: MessageStream): Promise<NodePeer | undefined> => {
    const controller = new AbortController();
    const [oldest] = settingUp;
    const key = toHex(stream.remoteId);
    if (stream.inbound) {
      arriving.add(key);
      settingUp.add(controller);
      // So that those who say nothing more cannot keep others out.
      if (oldest !== undefined && settingUp.size > maxPendingPeers) end(oldest, 'too-many-peers');
    }
    const attempt = setUp(stream, controller.signal, setUpOptions);
    const over = attempt.then((peer) => peer?.closed);
    connections.set(over, controller);
    over.finally(() => connections.delete(over));
    if (signal.aborted) end(controller, 'quitting');
    const peer = await attempt;
    if (stream.inbound) arriving.delete(key);
    settingUp.delete(controller);
    // Not from in here, where what a listener throws would be taken for a failure to connect.
    if (peer !== undefined) queueMicrotask(() => options.onPeer(peer));
    return peer;
  };
  const end = (controller: AbortController, reason: DisconnectReason): void => {
    settingUp.delete(controller);
    controller.abort(reason);
  };

  const listener = await listenOn(options, {
    ...transport,
    maxHandshakes: maxPendingPeers,
    accept: ({ host }) => options.acceptFrom?.(host) ?? true,
    onStream: (stream) => void take(stream),
  });

  const reach = async (node: Enode, until = signal): Promise<MessageStream> => {
    publish(() => ({ type: 'dial' }));
    try {
      return await connect(node, { ...transport, signal: until });
    } catch (error) {
      publish(() => ({ type: 'dial-failed', error }));
      throw error;
    }
  };

  /** The static nodes, by hex id. */
  const kept = new Map<string, AbortController>();
  const loops = new Set<Promise<void>>();
  const keep = (node: Enode): Promise<void> | undefined => {
    const key = toHex(node.id);
    if (signal.aborted || kept.has(key)) return undefined;
    const end = new AbortController();
    kept.set(key, end);
    const { tried, over } = keepConnected({
      name: formatEnode(node),
      gone: () => peers.gone(node.id),
      dial: async () => take(await reach(node, end.signal)),
      clock,
      random: () => (random(1)[0] ?? 0) / 255,
      log,
      signal: end.signal,
    });
    loops.add(over);
    over.finally(() => loops.delete(over));
    return tried;
  };
  const staticsTried = Promise.all(
    staticNodes.map((node) => Promise.race([keep(node), peers.arrival(node.id)])),
  ).then(() => {});

  const close = async (): Promise<void> => {
    stop.abort();
    for (const end of kept.values()) end.abort();
    const closing = listener.close();
    for (const controller of connections.values()) end(controller, 'quitting');
    await Promise.all([closing, ...connections.keys(), ...loops]);
  };
  let closed: Promise<void> | undefined;
  return {
    port: listener.address.port,
    async dial(node, admit) {
      const key = toHex(node.id);
      if (arriving.has(key)) return undefined;
      dialling.add(key);
      try {
        const stream = await reach(node);
        if (admit()) return await take(stream);
        await stream.close();
        return undefined;
      } finally {
        dialling.delete(key);
      }
    },
    keep: (node) => void keep(node),
    letGo(id) {
      kept.get(toHex(id))?.abort();
      kept.delete(toHex(id));
    },
    staticsTried,
    close() {
      closed ??= close();
      return closed;
    },
  };
}

async function listenOn(
  { host, port }: NetworkOptions,
  options: Omit<Parameters<typeof listen>[0], 'host' | 'port'>,
): Promise<Listener> {
  try {
    return await listen({ ...options, host, port });
  } catch (error) {
    const where = `port ${port} on ${host}`;
    throw new NodeError(
      'port-unavailable',
      systemCode(error) === 'EADDRINUSE'
        ? `${where} is in use by another program: stop it, or choose another with --port`
        : `${where} cannot be listened on (${errorText(error)}): choose others with --port and --addr`,
      { cause: error },
    );
  }
}

function systemCode(error: unknown): unknown {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return cause === undefined ? code : systemCode(cause);
}
