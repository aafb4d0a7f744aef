import type { CloseReason, InboundSlot } from '@devp2p/connmgr';

/** Identity and address of a node. */
export interface Place {
  readonly id: Uint8Array;
  /** The id in hex. */
  readonly key: string;
  readonly host: string;
  /** The host as 4 bytes. */
  readonly ip: Uint8Array;
}

/** One end of a connection. */
export interface Link {
  readonly remote: Place;
  close(reason: CloseReason): void;
  /** Resolves when either end has closed the connection. */
  readonly closed: Promise<void>;
}

/** Accepts connections to a host. */
export interface Acceptor {
  /** Admits a connection. @returns a slot for the handshakes, or why it is refused */
  admit(from: Place): AcceptSlot | string;
}

export type AcceptSlot = Pick<InboundSlot<Link>, 'signal' | 'identify' | 'established' | 'release'>;

/** A connection that the remote refused. */
export class LinkError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.name = 'LinkError';
    this.code = code;
  }
}

/** A connection: each end is notified of a close by the other after a delay. */
export class Connection {
  readonly caller: Link;
  readonly callee: Link;

  /** @param later calls back after the delay */
  constructor(from: Place, to: Place, later: (work: () => void) => void) {
    const [callerClosed, endCaller] = deferred();
    const [calleeClosed, endCallee] = deferred();
    this.caller = {
      remote: to,
      closed: callerClosed,
      close() {
        endCaller();
        later(endCallee);
      },
    };
    this.callee = {
      remote: from,
      closed: calleeClosed,
      close() {
        endCallee();
        later(endCaller);
      },
    };
  }
}

function deferred(): [closed: Promise<void>, end: () => void] {
  let end = (): void => {};
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  return [closed, end];
}
