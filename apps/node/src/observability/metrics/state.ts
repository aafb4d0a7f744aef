import { Counter, Gauge, type Registry } from 'prom-client';
import type { Discovery } from '../../discovery/discovery.ts';
import type { AddressBook } from '../../network/address-book.ts';
import type { Health } from '../health.ts';
import { stateNames } from '../node-state.ts';
import type { MetricGroup } from './group.ts';

/** Sources of the gauges. */
export interface StateSources {
  readonly health: () => Health;
  readonly discovery: Pick<Discovery, 'tableSize' | 'stats'> | undefined;
  readonly addresses: Pick<AddressBook, 'stats'>;
}

/** Gauges of peers, chain, sync and discovery, computed for each scrape. */
export function showState(registry: Registry, sources: StateSources): MetricGroup {
  const { health, discovery, addresses } = sources;
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
  const peers = gauge('p2p_peers', 'Peers');
  const inbound = gauge('p2p_peers_inbound', 'Inbound peers');
  const outbound = gauge('p2p_peers_outbound', 'Outbound peers');
  const head = gauge('chain_head_block', "Number of the chain's last block");
  const running = gauge('sync_running', '1 while blocks are to be downloaded');
  const current = new Gauge({
    name: 'node_state',
    help: '1 for the current activity or reason for a wait',
    labelNames: ['state'],
    registers,
  });
  const phase = { labelNames: ['phase'], registers };
  const done = new Gauge({ name: 'sync_done', help: 'How far a phase of the sync is', ...phase });
  const total = new Gauge({ name: 'sync_total', help: 'How far it has to go', ...phase });
  const table = gauge('discover_table_nodes', 'Nodes in the discovery table');
  const packets = new Counter({
    name: 'discover_packets',
    help: 'Discovery packets sent, received, and dropped by cause',
    labelNames: ['kind'],
    registers,
  });
  const known = new Gauge({
    name: 'addrman_addresses',
    help: 'Known addresses, by whether a connection to them has ever succeeded',
    labelNames: ['table'],
    registers,
  });
  return {
    update() {
      const state = health();
      peers.set(state.peers.inbound + state.peers.outbound);
      inbound.set(state.peers.inbound);
      outbound.set(state.peers.outbound);
      head.set(state.head.number);
      running.set(state.sync.running ? 1 : 0);
      for (const name of stateNames) current.set({ state: name }, name === state.state.name ? 1 : 0);
      done.reset();
      total.reset();
      for (const [name, progress] of Object.entries(state.sync.phases)) {
        done.set({ phase: name }, progress.done);
        total.set({ phase: name }, progress.total);
      }
      table.set(discovery?.tableSize ?? 0);
      known.set({ table: 'new' }, addresses.stats.new);
      known.set({ table: 'tried' }, addresses.stats.tried);
      packets.reset();
      for (const [kind, count] of Object.entries(discovery?.stats ?? {})) packets.inc({ kind }, count);
    },
  };
}
