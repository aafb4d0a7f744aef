import { type VirtualClock, virtualClock } from '@devp2p/clock/virtual';
import { expect } from 'vitest';
import {
  type CloseReason,
  type Connection,
  type ConnManager,
  type ConnManagerOptions,
  type ConnRequest,
  createConnManager,
  type RandomBytes,
  type RequestKind,
} from '../src/index.ts';

/** Bytes that are the same in every run: mulberry32. */
export function seededRandom(seed: number): RandomBytes {
  let state = seed;
  return (length) =>
    Uint8Array.from({ length }, () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) & 0xff;
    });
}

/** A socket in memory. */
export class FakeConnection implements Connection {
  readonly name: string;
  readonly ip: Uint8Array | undefined;
  readonly closed: Promise<void>;
  /** What it was closed with, each time. */
  readonly reasons: CloseReason[] = [];
  isOpen = true;
  #end: () => void = () => {};

  constructor(name: string) {
    this.name = name;
    this.ip = ipOf(name);
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  close(reason: CloseReason): void {
    this.reasons.push(reason);
    this.drop();
  }

  /** The other side ends it. */
  drop(): void {
    this.isOpen = false;
    this.#end();
  }
}

/** `1.2.3.4` and whatever follows; any other name has no IP address. */
export function ipOf(name: string): Uint8Array | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)/.exec(name);
  return match ? Uint8Array.from(match.slice(1, 5), Number) : undefined;
}

/** What follows `#` in an address. */
export function identityOf(name: string): string | undefined {
  return name.split('#')[1];
}

/** The n-th address of the internet, each in a network group of its own. */
export function address(n: number): string {
  return `${20 + Math.floor(n / 250)}.${n % 250}.1.1#id${n}`;
}

/** How a dial goes: the connection is there after so many ms, or it fails after so many, or never ends. */
export type Outcome = { readonly up: number } | { readonly down: number } | 'hangs';

interface Dial {
  readonly address: string;
  readonly at: number;
  readonly signal: AbortSignal;
  readonly request: ConnRequest<string, FakeConnection>;
  /** Of the request, at that time. */
  readonly kind: RequestKind;
}

type Options = ConnManagerOptions<string, FakeConnection, FakeConnection>;

export interface World {
  readonly clock: VirtualClock;
  readonly manager: ConnManager<string, FakeConnection>;
  readonly dials: Dial[];
  /** Every connection that a dial made. */
  readonly sockets: FakeConnection[];
  /** What was told, in words. */
  readonly told: string[];
  /** Requests by connection, as they were told. */
  readonly requests: Map<FakeConnection, ConnRequest<string, FakeConnection>>;
  /** Sockets that are there now, by what they are called. */
  open(): string[];
  ids(): number[];
  /** Stops the manager, and proves that nothing is left of it. */
  end(): Promise<void>;
}

/** A manager on a clock of its own, over a network that does as it is told. */
export function world(
  outcome: (address: string, dial: number) => Outcome,
  options: Partial<Options> = {},
): World {
  const clock = virtualClock();
  const dials: Dial[] = [];
  const sockets: FakeConnection[] = [];
  const told: string[] = [];
  const requests = new Map<FakeConnection, ConnRequest<string, FakeConnection>>();
  const manager = createConnManager<string, FakeConnection, FakeConnection>({
    dial: (address, { signal, request }) => {
      dials.push({ address, at: clock.monotonic(), signal, request, kind: request.kind });
      const how = outcome(address, dials.length);
      if (how === 'hangs') return untilAborted(signal);
      return new Promise((resolve, reject) => {
        const up = 'up' in how;
        clock.setTimeout(
          () => {
            if (!up) return reject(new Error('refused'));
            const socket = new FakeConnection(address);
            sockets.push(socket);
            resolve(socket);
          },
          up ? how.up : how.down,
        );
      });
    },
    onConnection: (connection, request) => {
      requests.set(connection, request);
      told.push(`+${connection.name}`);
      options.onConnection?.(connection, request);
    },
    onDisconnection: (connection, request, reason) => {
      told.push(`-${connection.name}${reason === undefined ? '' : ` ${reason}`}`);
      options.onDisconnection?.(connection, request, reason);
    },
    ipOf,
    identityOf,
    clock,
    random: seededRandom(7),
    ...without(options),
  });
  return {
    ...{ clock, manager, dials, sockets, told, requests },
    open: () => sockets.filter(({ isOpen }) => isOpen).map(({ name }) => name),
    end: async () => {
      const stopped = manager.stop();
      await clock.advance(60_000);
      await stopped;
      expect(sockets.filter(({ isOpen }) => isOpen)).toEqual([]);
      expect(manager.snapshot().requests).toEqual([]);
      expect(clock.pending).toBe(0);
    },
    ids: () => manager.snapshot().requests.map(({ id }) => id),
  };
}

/** The callbacks are called from the world's own. */
function without(options: Partial<Options>): Partial<Options> {
  const { onConnection: _, onDisconnection: __, ...others } = options;
  return others;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

/** Addresses one after another, without an end. */
export function endless(first = 0): () => string {
  let n = first;
  return () => address(n++);
}
