import { setMaxListeners } from 'node:events';
import { func } from '@devp2p/options';
import { check } from '../check-options.ts';
import { checkCall, type OpenPeerOptions, openPeer } from '../session/open.ts';
import type { Peer } from '../session/peer.ts';
import type { MessageStream } from '../stream.ts';
import { type DisconnectReason, reasonRule } from '../wire/disconnect-reasons.ts';
import type { Apis, Protocol } from './protocol.ts';

/** Options of {@link createNetworkSwitch}. */
export interface NetworkSwitchOptions {
  /**
   * Called with the number of peers, once after each connected and each disconnected peer.
   *
   * @default not called
   */
  readonly onCount?: (count: number) => void;
}

/** Turns all peers of a program off and on. It is on at first. */
export interface NetworkSwitch {
  /** Whether it is on. A listener checks it before it accepts a connection. */
  readonly active: boolean;
  /** Aborts when it is turned off; a new signal each time that it is turned on. For dialing. */
  readonly signal: AbortSignal;
  /** Peers from the end of {@link open} until `closed`. */
  readonly peers: ReadonlySet<Peer>;
  /**
   * As {@link openPeer}, while it is on. While it is off, the remote gets a Disconnect with `quitting`.
   *
   * @throws the errors of `openPeer`: {@link PeerError} `aborted` when it is off or turned off meanwhile.
   */
  open<const Protocols extends readonly Protocol[]>(
    stream: MessageStream,
    options: OpenPeerOptions<Protocols>,
  ): Promise<Peer & Apis<Protocols>>;
  /**
   * Disconnects all peers, also those before the end of Hello. Idempotent.
   *
   * @returns resolves when all of them are disconnected.
   * @throws {@link PeerError} `invalid-option` for an unknown reason
   */
  turnOff(reason?: DisconnectReason): Promise<void>;
  /** Allows peers again. Idempotent. */
  turnOn(): void;
}

/** Creates a switch that is on. */
export function createNetworkSwitch(options: NetworkSwitchOptions = {}): NetworkSwitch {
  check.options('createNetworkSwitch', options, { onCount: func });
  const { onCount = () => {} } = options;
  const peers = new Set<Peer>();
  /** One promise for each opened stream, until it is closed. */
  const connections = new Set<Promise<unknown>>();
  let off = newSignal();

  /** Runs the callback on a stack of its own, so that its errors do not affect the switch. */
  const notify = (count: number): void => queueMicrotask(() => onCount(count));

  const add = (peer: Peer, { signal }: AbortController): void => {
    const disconnect = (): void => void peer.disconnect(signal.reason);
    peers.add(peer);
    notify(peers.size);
    signal.addEventListener('abort', disconnect);
    if (signal.aborted) disconnect();
    peer.closed.then(() => {
      signal.removeEventListener('abort', disconnect);
      peers.delete(peer);
      notify(peers.size);
    });
  };

  return {
    peers,
    get active() {
      return !off.signal.aborted;
    },
    get signal() {
      return off.signal;
    },
    async open(stream, options) {
      const current = off;
      const opening = openWhile(current.signal, stream, options);
      const closed = opening.then(
        (peer) => peer.closed,
        () => {},
      );
      connections.add(closed);
      closed.then(() => connections.delete(closed));
      const peer = await opening;
      add(peer, current);
      return peer;
    },
    async turnOff(reason = 'quitting') {
      check.value('reason', reason, reasonRule);
      off.abort(reason);
      await Promise.all(connections);
    },
    turnOn() {
      if (off.signal.aborted) off = newSignal();
    },
  };
}

function newSignal(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // One listener for each peer.
  return controller;
}

/** Opens a peer with two signals. `AbortSignal.any` would leave an entry on both with every call. */
async function openWhile<const Protocols extends readonly Protocol[]>(
  on: AbortSignal,
  stream: MessageStream,
  options: OpenPeerOptions<Protocols>,
): Promise<Peer & Apis<Protocols>> {
  checkCall(stream, options);
  const opening = new AbortController();
  const signals = options.signal === undefined ? [on] : [on, options.signal];
  const abort = (): void => opening.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const signal of signals) {
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  }
  try {
    return await openPeer(stream, { ...options, signal: opening.signal });
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}
