import type { CloseReason, InboundSlot } from '@devp2p/connmgr';

/** Who is where: what a connection says of its other end. */
export interface Place {
  readonly id: Uint8Array;
  /** The id in hex. */
  readonly key: string;
  readonly host: string;
  /** The host as bytes. */
  readonly ip: Uint8Array;
}

/** One end of a connection. */
export interface Link {
  readonly remote: Place;
  close(reason: CloseReason): void;
  /** Resolves when it is gone, whoever ended it. */
  readonly closed: Promise<void>;
}

/** Where others come in. */
export interface Door {
  /** @returns a place for the handshakes, or why there is none. */
  admit(from: Place): DoorSlot | string;
}

export type DoorSlot = Pick<InboundSlot<Link>, 'signal' | 'identify' | 'established' | 'release'>;

/** A connection that did not come about, for a reason of the other side's. */
export class LinkError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.name = 'LinkError';
    this.code = code;
  }
}

/** A connection: what one end does reaches the other one later. */
export class Line {
  readonly caller: Link;
  readonly callee: Link;

  /** @param later calls back when what is sent now arrives */
  constructor(from: Place, to: Place, later: (work: () => void) => void) {
    const [callerClosed, endCaller] = ending();
    const [calleeClosed, endCallee] = ending();
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

function ending(): [closed: Promise<void>, end: () => void] {
  let end = (): void => {};
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  return [closed, end];
}
