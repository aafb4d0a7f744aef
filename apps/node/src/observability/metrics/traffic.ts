import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { equalBytes } from '@devp2p/bytes';
import type { Peer, PeerDiagnostics, PeerStats, Traffic } from '@devp2p/peer';
import { Counter, type Registry } from 'prom-client';
import type { MetricGroup } from './group.ts';

/** Traffic by go-ethereum's names: `p2p_ingress`, `p2p_egress_eth_70_0x03`. */
type Totals = Map<string, { messages: number; bytes: number }>;

const stray = 'p2p_stray';

/**
 * Counts bytes and messages of all peers, in total and by protocol, version and code, with go-ethereum's names:
 * `p2p_ingress`, `p2p_ingress_eth_70_0x03`, `p2p_ingress_eth_70_0x03_packets`. Only codes of the supported protocols
 * have a name, so the number of metrics does not depend on received messages.
 */
export function countTraffic(registry: Registry, localId: Uint8Array): MetricGroup {
  const live = new Set<Peer>();
  /** Totals of disconnected peers. */
  const gone: Totals = new Map();
  for (const name of ['p2p_ingress', 'p2p_egress', stray]) gone.set(name, { messages: 0, bytes: 0 });
  const counters = new Map<string, Counter>();

  const onPeer = (message: unknown): void => {
    const event = message as PeerDiagnostics;
    if (!equalBytes(event.localId, localId)) return;
    if (event.type === 'added') live.add(event.peer);
    if (event.type !== 'dropped') return;
    live.delete(event.peer);
    addStats(gone, event.peer.stats);
  };
  subscribe('devp2p:peer', onPeer);

  const show = (name: string, help: string, value: number): void => {
    const counter = counters.get(name) ?? new Counter({ name, help, registers: [registry] });
    counters.set(name, counter);
    counter.reset();
    counter.inc(value);
  };
  return {
    update() {
      const totals: Totals = new Map([...gone].map(([name, total]) => [name, { ...total }]));
      for (const peer of live) addStats(totals, peer.stats);
      for (const [name, { messages, bytes }] of totals) {
        if (name === stray) show(name, 'Messages that belong to no protocol', messages);
        else show(name, 'Bytes on the wire', bytes);
        if (/_0x/.test(name)) show(`${name}_packets`, 'Messages', messages);
      }
    },
    close() {
      unsubscribe('devp2p:peer', onPeer);
      live.clear();
    },
  };
}

function addStats(totals: Totals, stats: PeerStats): void {
  add(totals, 'p2p_ingress', stats.received);
  add(totals, 'p2p_egress', stats.sent);
  add(totals, stray, stats.stray);
  for (const { name, version, codes } of stats.protocols) {
    for (const { code, received, sent } of codes) {
      const what = `${name}_${version}_0x${code.toString(16).padStart(2, '0')}`;
      if (received.messages > 0) add(totals, `p2p_ingress_${what}`, received);
      if (sent.messages > 0) add(totals, `p2p_egress_${what}`, sent);
    }
  }
}

function add(totals: Totals, name: string, { messages, bytes }: Traffic): void {
  const total = totals.get(name) ?? { messages: 0, bytes: 0 };
  total.messages += messages;
  total.bytes += bytes;
  totals.set(name, total);
}
