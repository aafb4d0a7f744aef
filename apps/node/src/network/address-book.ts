import {
  type AddrEntry,
  AddrManError,
  type AddrManStats,
  type AddrNode,
  type AddrSource,
  type AddrStore,
  createAddressQueue,
  openAddrMan,
} from '@devp2p/addrman';
import { errorText } from '@devp2p/appkit';
import { toHex } from '@devp2p/bytes';
import { type Clock, sleep } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { decodeEnr, type Enode, type Enr, enodeFromEnr } from '@devp2p/enr';
import { formatIp, ipClass, parseIp } from '@devp2p/ip';
import type { RandomBytes } from '@devp2p/random';
import type { Log } from '../logging/log.ts';

/** A candidate to dial, with its record if known. */
export type Candidate = Enode & { readonly enr?: Enr | undefined };

/** Sources of addresses. */
export interface AddressSource {
  /** Discovered nodes and their sources, without end. A node may be repeated. */
  candidates(signal: AbortSignal): AsyncIterable<{ readonly node: Candidate; readonly source: AddrSource }>;
  /** Whether the node may be on the local chain, by its record. */
  mayShareChain(node: Candidate, signal: AbortSignal): Promise<boolean>;
}

/** @see openAddressBook */
export interface AddressBookOptions {
  readonly store: AddrStore;
  /** Local public key, 64 bytes. */
  readonly localId: Uint8Array;
  /** Whether to offer a node now; not when it is connected, for example. */
  readonly isWanted: (node: Enode) => boolean;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** Addresses to dial: the address manager between discovery and the connections. */
export interface AddressBook {
  /** Adds reported nodes. */
  add(nodes: Iterable<Candidate>, source: AddrSource): void;
  /**
   * Starts to fill the book from a source: without delay while a dial waits for a node, otherwise one node per second.
   */
  follow(source: AddressSource, signal: AbortSignal): Promise<void>;
  /** Waits for a node to dial; resolves with `undefined` when the signal aborts. */
  next(signal: AbortSignal): Promise<Candidate | undefined>;
  /** A node to test for reachability; `undefined` without one. */
  nextTest(): Candidate | undefined;
  /** A node is being dialed. */
  dialing(node: Enode): void;
  /** The address is that of a node on the local chain. */
  reached(node: Enode): void;
  /** No useful node responds at the address. */
  failed(node: Enode): void;
  /** The node at the address cannot be a peer: the address is not returned again for 15 minutes. */
  unfit(node: Enode): void;
  /** A peer has disconnected without a breach of protocol. */
  left(id: Uint8Array): void;
  readonly stats: AddrManStats;
  /** Saves a last time. */
  close(): Promise<void>;
}

/** A node of another chain is offered again after this many ms, and this number is remembered. */
const unfitInterval = 900_000;
const maxUnfit = 4_096;

/** Pause between two nodes that are added while no dial waits for one, in milliseconds. */
const pace = 1_000;

/**
 * Opens the address book of a store. A damaged one is set aside, and an empty one created.
 *
 * @throws errors of the store
 */
export async function openAddressBook(options: AddressBookOptions): Promise<AddressBook> {
  const { isWanted, clock, crypto, log } = options;
  const book = await openBook(options);
  /** Called when a dial starts to wait. */
  let onWanted = (): void => {};
  let source: AddressSource | undefined;
  /** The last found node that is not in the book because another node has its place. */
  let spare: Candidate | undefined;

  /** Monotonic time until which a node is not offered, by hex id, the soonest first. */
  const unfit = new Map<string, number>();
  const isUnfit = (key: string): boolean => (unfit.get(key) ?? 0) > clock.monotonic();
  const mayBeOffered = (node: Enode): boolean => {
    const key = toHex(node.id);
    return !queue.wasOffered(key) && !isUnfit(key) && isWanted(node);
  };
  const filter = (entry: AddrEntry): boolean => mayBeOffered(enodeOf(entry));
  const describeEntry = (entry: AddrEntry | undefined): Candidate | undefined => entry && candidateOf(entry, crypto);
  const takeSpare = (): Candidate | undefined => {
    const node = spare;
    spare = undefined;
    return node && mayBeOffered(node) ? node : undefined;
  };
  const queue = createAddressQueue<Candidate>({
    select: () => source && (describeEntry(book.select({ filter, draws: 2 })) ?? takeSpare()),
    keyOf: ({ id }) => toHex(id),
    onWait: () => onWanted(),
    clock,
  });
  const offerEntry = (entry: AddrEntry | undefined): Candidate | undefined =>
    entry && queue.offer(candidateOf(entry, crypto));
  const add: AddressBook['add'] = (nodes, from) => {
    if (book.add(addrNodes(nodes), from) > 0) queue.notify();
  };

  return {
    add,
    async follow(from, signal) {
      source = from;
      queue.notify();
      for await (const { node, source: by } of from.candidates(signal)) {
        add([node], by);
        // Two nodes of one network may have the same place in the book; a small network needs both.
        if (book.get(node.id) === undefined && isAcceptable(node)) {
          spare = node;
          queue.notify();
        }
        if (queue.waiting === 0) await pause(signal);
      }
    },
    async next(signal) {
      for (;;) {
        const candidate = await queue.next(signal);
        if (candidate === undefined) return undefined;
        if (await source?.mayShareChain(candidate, signal)) return candidate;
        book.attempt(candidate.id, { countFailure: !signal.aborted });
      }
    },
    nextTest() {
      const holder = book.selectCollision();
      if (holder !== undefined && isWanted(enodeOf(holder))) return offerEntry(holder);
      // A connected peer is not dialed to verify its address.
      if (holder !== undefined) book.good(holder.id);
      return offerEntry(book.select({ newOnly: true, filter }));
    },
    dialing: ({ id }) => void book.attempt(id, { countFailure: false }),
    reached: ({ id }) => void book.good(id),
    failed: ({ id }) => void book.attempt(id, { countFailure: true }),
    unfit({ id }) {
      const key = toHex(id);
      unfit.delete(key);
      unfit.set(key, clock.monotonic() + unfitInterval);
      const [oldest] = unfit.keys();
      if (unfit.size > maxUnfit && oldest !== undefined) unfit.delete(oldest);
      book.attempt(id, { countFailure: true });
    },
    left: (id) => void book.connected(id),
    get stats() {
      return book.stats;
    },
    close: () => book.close(),
  };

  /** Resolves when a dial waits for a node, or after a pause. */
  async function pause(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort();
    onWanted = end;
    signal.addEventListener('abort', end);
    await sleep(clock, pace, { signal: over.signal }).catch(() => {});
    signal.removeEventListener('abort', end);
    onWanted = () => {};
  }

  async function openBook({ store, localId, random }: AddressBookOptions) {
    const settings = { store, localId, random, clock, isRoutable };
    try {
      return await openAddrMan(settings);
    } catch (error) {
      const snapshot = await store.load();
      if (!(error instanceof AddrManError) || snapshot === undefined) throw error;
      await store.setAside(snapshot);
      log.warn(
        { error: errorText(error) },
        'stored addresses are damaged: they are set aside, and addresses are collected again',
      );
      return await openAddrMan({ ...settings, store: { ...store, load: async () => undefined } });
    }
  }
}

/** Hosts of the local network are included: discovery accepts them only from nodes in it. */
function isRoutable(ip: Uint8Array): boolean {
  const kind = ipClass(ip);
  return kind === 'global' || kind === 'lan' || kind === 'loopback' || kind === 'link-local';
}

/** Whether such a node may be added to the book. */
function isAcceptable(node: Candidate): boolean {
  const [known] = addrNodes([node]);
  return known !== undefined && isRoutable(known.address.ip);
}

function* addrNodes(nodes: Iterable<Candidate>): Generator<AddrNode, void, undefined> {
  for (const node of nodes) {
    const { enr } = node;
    // A record proves only the endpoint in it.
    const signed = enr && enodeFromEnr(enr);
    const isSigned = signed?.host === node.host && signed.tcp === node.tcp;
    const ip = parseIp(node.host);
    if (ip === undefined || node.tcp === 0) continue;
    yield {
      id: node.id,
      address: { ip, tcp: node.tcp, udp: node.udp },
      record: isSigned && enr ? { seq: enr.seq, bytes: enr.bytes } : undefined,
    };
  }
}

function enodeOf({ id, address }: AddrEntry): Enode {
  const { ip, tcp, udp } = address;
  return { id, host: formatIp(ip), tcp, udp };
}

function candidateOf(entry: AddrEntry, crypto: Crypto): Candidate {
  const { record } = entry;
  const node = enodeOf(entry);
  return record === undefined ? node : { ...node, enr: decodeEnr(record.bytes, { crypto }) };
}
