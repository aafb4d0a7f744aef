import { setMaxListeners } from 'node:events';
import { func } from '@devp2p/options';
import { check } from '../check-options.ts';
import { checkCall, type OpenPeerOptions, openPeer } from '../session/open.ts';
import type { Peer } from '../session/peer.ts';
import type { MessageStream } from '../stream.ts';
import { type DisconnectReason, reasonRule } from '../wire/disconnect.ts';
import type { Apis, Protocol } from './protocol.ts';

/** Options of {@link createNetworkSwitch}. */
export interface NetworkSwitchOptions {
  /**
   * Called with the number of peers: once for each that has come or gone, and never otherwise.
   *
   * @default nobody is told
   */
  readonly onCount?: (count: number) => void;
}

/** Where all peers of a program pass, to be turned off and on. It is on at first. */
export interface NetworkSwitch {
  /** Whether it is on. What a listener asks before it takes a connection. */
  readonly active: boolean;
  /** Aborts when it is turned off; another one each time that it is on again. For dialling. */
  readonly signal: AbortSignal;
  /** Everyone from the end of {@link open} until `closed`. */
  readonly peers: ReadonlySet<Peer>;
  /**
   * As {@link openPeer}, for as long as it is on. While it is off, the remote is told `quitting`.
   *
   * @throws what `openPeer` does: {@link PeerError} `aborted` when it is off or turned off meanwhile.
   */
  open<const Protocols extends readonly Protocol[]>(
    stream: MessageStream,
    options: OpenPeerOptions<Protocols>,
  ): Promise<Peer & Apis<Protocols>>;
  /**
   * Disconnects everyone, with whom Hello is not exchanged yet as well. Idempotent.
   *
   * @returns when nobody is left who was there.
   * @throws {@link PeerError} `invalid-option` for what is not a reason
   */
  turnOff(reason?: DisconnectReason): Promise<void>;
  /** Lets peers come again. Idempotent. */
  turnOn(): void;
}

/** Makes a switch that is on. */
export function createNetworkSwitch(options: NetworkSwitchOptions = {}): NetworkSwitch {
  check.options('createNetworkSwitch', options, { onCount: func });
  const { onCount = () => {} } = options;
  const peers = new Set<Peer>();
  /** One for each stream that was handed over, until it is gone. */
  const connections = new Set<Promise<unknown>>();
  let off = newSignal();

  /** Not on our stack: what a listener throws is its own affair. */
  const tell = (count: number): void => queueMicrotask(() => onCount(count));

  const join = (peer: Peer, { signal }: AbortController): void => {
    const leave = (): void => void peer.disconnect(signal.reason);
    peers.add(peer);
    tell(peers.size);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    peer.closed.then(() => {
      signal.removeEventListener('abort', leave);
      peers.delete(peer);
      tell(peers.size);
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
      const over = opening.then(
        ({ closed }) => closed,
        () => {},
      );
      connections.add(over);
      over.then(() => connections.delete(over));
      const peer = await opening;
      join(peer, current);
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
  setMaxListeners(0, controller.signal); // as many as there are peers
  return controller;
}

/** Opens a peer under two signals. `AbortSignal.any` would leave something behind on both with every call. */
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
