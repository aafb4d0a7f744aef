import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { createSeededRandom } from '@devp2p/random/seeded';
import { expect } from 'vitest';
import {
  type CloseReason,
  type Connection,
  type ConnManager,
  type ConnManagerCollaborators,
  type ConnManagerSettings,
  type ConnRequest,
  createConnManager,
  type RequestKind,
} from '../src/index.ts';

/** A connection in memory. */
export class FakeConnection implements Connection {
  readonly name: string;
  readonly ip: Uint8Array | undefined;
  readonly closed: Promise<void>;
  /** The reasons it was closed with, in order. */
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

  /** Closes it as the remote. */
  drop(): void {
    this.isOpen = false;
    this.#end();
  }
}

/** Parses `1.2.3.4` at the beginning of a name; other names have no IP address. */
export function ipOf(name: string): Uint8Array | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)/.exec(name);
  return match ? Uint8Array.from(match.slice(1, 5), Number) : undefined;
}

/** Returns the part of an address after `#`. */
export function identityOf(name: string): string | undefined {
  return name.split('#')[1];
}

/** Returns the n-th public address, each in a network group of its own. */
export function address(n: number): string {
  return `${20 + Math.floor(n / 250)}.${n % 250}.1.1#id${n}`;
}

/** Result of a dial: connected or failed after a time in ms, or pending until it is aborted. */
export type Outcome = { readonly up: number } | { readonly down: number } | 'hangs';

interface Dial {
  readonly address: string;
  readonly at: number;
  readonly signal: AbortSignal;
  readonly request: ConnRequest<string, FakeConnection>;
  /** Kind of the request at that time. */
  readonly kind: RequestKind;
}

type Options = ConnManagerSettings & Partial<ConnManagerCollaborators<string, FakeConnection, FakeConnection>>;

/** Options of a world that are settings; the others are collaborators. */
const settingNames: ReadonlySet<string> = new Set<keyof ConnManagerSettings>([
  'targetOutbound',
  'dialRatio',
  'retryDelay',
  'maxRetryDelay',
  'retryJitter',
  'dialTimeout',
  'redialDelay',
  'maxActiveDials',
  'maxInbound',
  'maxPending',
  'handshakeTimeout',
  'inboundThrottle',
  'feelerInterval',
  'banThreshold',
  'maxPeers',
  'admitOn',
  'localIdentity',
  'netRestrict',
]);

export interface World {
  readonly clock: VirtualClock;
  readonly manager: ConnManager<string, FakeConnection>;
  readonly dials: Dial[];
  /** All dialed connections. */
  readonly sockets: FakeConnection[];
  /** Reported connections (`+name`) and disconnections (`-name reason`). */
  readonly reported: string[];
  /** Requests by connection, as reported. */
  readonly requests: Map<FakeConnection, ConnRequest<string, FakeConnection>>;
  /** Names of the open connections. */
  open(): string[];
  ids(): number[];
  /** Stops the manager and verifies that no connection, request or timer is left. */
  end(): Promise<void>;
}

/** Creates a manager on a virtual clock, over a network with given results. */
export function world(outcome: (address: string, dial: number) => Outcome, options: Options = {}): World {
  const clock = createVirtualClock();
  const dials: Dial[] = [];
  const sockets: FakeConnection[] = [];
  const reported: string[] = [];
  const requests = new Map<FakeConnection, ConnRequest<string, FakeConnection>>();
  const [settings, collaborators] = split(options);
  const manager = createConnManager<string, FakeConnection, FakeConnection>(
    {
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
        reported.push(`+${connection.name}`);
        options.onConnection?.(connection, request);
      },
      onDisconnection: (connection, request, reason) => {
        reported.push(`-${connection.name}${reason === undefined ? '' : ` ${reason}`}`);
        options.onDisconnection?.(connection, request, reason);
      },
      ipOf,
      identityOf,
      clock,
      random: createSeededRandom(7).bytes,
      ...collaborators,
    },
    settings,
  );
  return {
    clock,
    manager,
    dials,
    sockets,
    reported,
    requests,
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

/** Splits options into settings and collaborators, without the callbacks that the world calls itself. */
function split({ onConnection: _, onDisconnection: __, ...options }: Options) {
  const entries = Object.entries(options);
  return [
    Object.fromEntries(entries.filter(([name]) => settingNames.has(name))),
    Object.fromEntries(entries.filter(([name]) => !settingNames.has(name))),
  ] as const;
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

/** Returns addresses in sequence, without an end. */
export function endless(first = 0): () => string {
  let n = first;
  return () => address(n++);
}
