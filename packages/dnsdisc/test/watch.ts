// A client on the virtual clock, and a consumer of all nodes that it finds.
import { channel } from 'node:diagnostics_channel';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import type { Enr } from '@devp2p/enr';
import { createSeededRandom } from '@devp2p/random/seeded';
import { createDnsClient, type DnsClient, type DnsClientOptions, type DnsdiscEvent } from '../src/index.ts';
import { Zone } from './zone.ts';

export interface World {
  readonly clock: VirtualClock;
  readonly zone: Zone;
  readonly client: DnsClient;
}

export function world(options: DnsClientOptions = {}): World {
  const clock = createVirtualClock();
  const zone = new Zone(clock.monotonic);
  const client = createDnsClient({
    clock,
    resolveTxt: zone.resolveTxt,
    random: createSeededRandom(1).bytes,
    ...options,
  });
  return { clock, zone, client };
}

export interface Watch {
  /** Nodes and their times. */
  readonly nodes: { readonly enr: Enr; readonly at: number }[];
  /** Nodes since the last call, identified by their ports. */
  fresh(): number[];
  stop(reason?: unknown): void;
  /** Resolves when the iterator ends: with `undefined`, or with its error. */
  readonly end: Promise<unknown>;
}

/** Iterates until stopped. */
export function watch({ clock, client }: World, urls: string | string[]): Watch {
  const controller = new AbortController();
  const nodes: Watch['nodes'] = [];
  let taken = 0;
  const run = async (): Promise<void> => {
    for await (const enr of client.randomNodes(urls, { signal: controller.signal })) {
      nodes.push({ enr, at: clock.monotonic() });
    }
  };
  return {
    nodes,
    fresh() {
      const ports = nodes.slice(taken).map(({ enr }) => enr.tcp ?? 0);
      taken = nodes.length;
      return ports;
    },
    stop: (reason) => controller.abort(reason),
    end: run().then(
      () => undefined,
      (error: unknown) => error,
    ),
  };
}

/** Collects the events that are published during `work`. */
export async function eventsDuring(work: () => Promise<unknown>): Promise<DnsdiscEvent[]> {
  const events: DnsdiscEvent[] = [];
  const listener = (event: unknown): void => void events.push(event as DnsdiscEvent);
  const dnsdisc = channel('devp2p:dnsdisc');
  dnsdisc.subscribe(listener);
  try {
    await work();
  } finally {
    dnsdisc.unsubscribe(listener);
  }
  return events;
}

export function distinct(ports: readonly number[]): number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}
