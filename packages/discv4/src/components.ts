import { type Bootnodes, Kademlia, type LocalNode, NodeDatabase, type UdpEndpoint } from '@devp2p/discover';
import { publish } from './diagnostics.ts';
import { DriftMonitor } from './drift/drift-monitor.ts';
import type { Settings } from './options.ts';
import { Discv4Transport } from './requests/discv4-transport.ts';
import { PacketSender } from './requests/packet-sender.ts';
import { PendingRequests } from './requests/pending-requests.ts';
import { Requests } from './requests/requests.ts';
import { EndpointProofs } from './responder/endpoint-proofs.ts';
import { Responder } from './responder/responder.ts';
import { createStats, type Stats } from './stats.ts';

/** Options of {@link createComponents}. */
export interface ComponentsOptions {
  readonly settings: Settings;
  readonly endpoint: UdpEndpoint;
  readonly bootnodes: Bootnodes;
  readonly localNode: LocalNode;
  /** Aborts when discovery is closed. */
  readonly closing: AbortSignal;
}

/** Components of a running node of discovery v4. */
export interface Components {
  readonly proofs: EndpointProofs;
  readonly database: NodeDatabase;
  readonly pending: PendingRequests;
  readonly requests: Requests;
  readonly responder: Responder;
  readonly kademlia: Kademlia;
  readonly stats: Stats;
}

/** Creates and connects the components, without starting them. */
export function createComponents(options: ComponentsOptions): Components {
  const { settings, endpoint, localNode, bootnodes, closing } = options;
  const { clock, crypto, random, store, proofLifetime: lifetime } = settings;
  const { id } = localNode;
  const onFailure = (error: unknown): void => publish(() => ({ localId: id, type: 'store-failed', error }));
  const database = new NodeDatabase({ store, clock, crypto, random, lifetime, onFailure });
  const proofs = new EndpointProofs({
    clock,
    lifetime,
    maxProofs: settings.maxProofs,
    maxProofsPerSource: settings.maxProofsPerSource,
    onDrop: (proof) => database.forget(proof),
  });
  const drift = createDriftMonitor(options);
  const pending = new PendingRequests({
    clock,
    timeout: settings.requestTimeout,
    max: settings.maxPending,
    onTimeout: () => drift?.onTimeout(),
    onResponse: () => drift?.onResponse(),
  });
  const stats = createStats();
  const sender = new PacketSender({ settings, endpoint, localNode, stats });
  const requests = new Requests({ settings, localNode, proofs, database, pending, sender });
  const kademlia = new Kademlia(settings, {
    self: localNode,
    transport: new Discv4Transport({ requests, proofs, database }),
    bootnodes,
    database,
    canSendTo: (ip) => endpoint.canSendTo(ip),
    crypto,
    random,
    clock,
    closing,
    onChange: (type, node) => publish(() => ({ localId: id, type, node })),
    onFailure,
    onRefresh: () => proofs.expire(),
  });
  const responder = new Responder({
    settings,
    localNode,
    proofs,
    pending,
    requests,
    sender,
    stats,
    closest: (hash) => kademlia.closest(hash),
    onInbound: (node, live) => kademlia.addInbound(node, live),
  });
  return { proofs, database, pending, requests, responder, kademlia, stats };
}

function createDriftMonitor({
  settings,
  localNode: { id },
  closing: signal,
}: ComponentsOptions): DriftMonitor | undefined {
  const { sntp, clock, driftTimeouts, driftInterval, driftTolerance } = settings;
  if (!sntp) return undefined;
  return new DriftMonitor({
    clock,
    sntp,
    signal,
    timeouts: driftTimeouts,
    interval: driftInterval,
    tolerance: driftTolerance,
    onDrift: (milliseconds) => publish(() => ({ localId: id, type: 'clock-drift', milliseconds })),
    onFailure: (error) => publish(() => ({ localId: id, type: 'clock-check-failed', error })),
  });
}
