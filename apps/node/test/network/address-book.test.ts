import type { AddrStore } from '@devp2p/addrman';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { nobleCrypto } from '@devp2p/crypto';
import type { Enode } from '@devp2p/enr';
import { randomBytes } from '@devp2p/random';
import { beforeEach, describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/logging/log.ts';
import { type AddressBook, type AddressSource, openAddressBook } from '../../src/network/address-book.ts';

const list = { kind: 'list', name: 'a test' } as const;

function enode(number: number, host = `192.${number}.1.1`): Enode {
  return { id: new Uint8Array(64).fill(number), host, tcp: 30303, udp: 30303 };
}

/** A store in memory, and the snapshots set aside. */
function memory(snapshot?: Uint8Array): AddrStore & { snapshot?: Uint8Array; aside: Uint8Array[] } {
  const store = {
    ...(snapshot && { snapshot }),
    aside: [] as Uint8Array[],
    load: async () => (store as { snapshot?: Uint8Array }).snapshot,
    async save(saved: Uint8Array) {
      Object.assign(store, { snapshot: saved });
    },
    async setAside(bytes: Uint8Array) {
      store.aside.push(bytes);
    },
  };
  return store;
}

let clock: VirtualClock;
let warnings: [LogFields, string][];
let wanted: (node: Enode) => boolean;
beforeEach(() => {
  clock = createVirtualClock();
  warnings = [];
  wanted = () => true;
});

function open(store: AddrStore = memory()): Promise<AddressBook> {
  const warn = (fields: LogFields, message: string) => void warnings.push([fields, message]);
  return openAddressBook({
    store,
    localId: new Uint8Array(64).fill(255),
    isWanted: (node) => wanted(node),
    crypto: nobleCrypto,
    clock,
    random: randomBytes,
    log: { error: warn, warn, info: () => {}, debug: () => {}, trace: () => {} },
  });
}

/** A source that yields these nodes in order, and ends. */
function source(nodes: readonly Enode[], mayShareChain = (_: Enode) => true) {
  const taken: number[] = [];
  const found: AddressSource = {
    async *candidates() {
      for (const node of nodes) {
        taken.push(clock.monotonic());
        yield { node, source: list };
      }
    },
    mayShareChain: async (node) => mayShareChain(node),
  };
  return { found, taken };
}

const { signal: never } = new AbortController();

describe('ND-01 the address book', () => {
  test('ND-01 offers no node before it has a source, and then the first node at once', async () => {
    const book = await open();
    const offered = book.next(never);
    await clock.advance(60_000);
    const { found } = source([enode(1)]);
    void book.follow(found, never);
    expect(await offered).toEqual(enode(1));
  });

  test('ND-01 adds one node a second, and does not pause while a caller waits', async () => {
    const nodes = Array.from({ length: 6 }, (_, i) => enode(i + 1));
    const { found, taken } = source(nodes);
    const book = await open();
    const start = clock.monotonic();
    void book.follow(found, never);
    await clock.advance(2_500);
    expect(taken.map((time) => time - start)).toEqual([0, 1_000, 2_000]);
    wanted = ({ id }) => id[0] === 6;
    expect(await book.next(never)).toEqual(enode(6));
    expect(taken).toHaveLength(6);
  });

  test('ND-01 offers a node that has no place in the book, if there is no other', async () => {
    const book = await open();
    // Nodes of one network from one list share 64 slots.
    const nodes = Array.from({ length: 100 }, (_, i) => enode(i + 1, `127.0.${i}.1`));
    const again: AddressSource = {
      ...source([]).found,
      async *candidates(signal) {
        while (!signal.aborted) for (const node of nodes) yield { node, source: list };
      },
    };
    const end = new AbortController();
    const following = book.follow(again, end.signal);
    const offered = new Set<string>();
    wanted = ({ host }) => !offered.has(host);
    for (const _ of nodes) offered.add((await book.next(never))?.host ?? '');
    end.abort();
    await following;
    expect(offered.size).toBe(nodes.length);
    expect(book.stats.size).toBeLessThanOrEqual(64);
  });

  test.each([
    ['without a TCP port', { ...enode(1), tcp: 0 }],
    ['at the broadcast address', enode(1, '255.255.255.255')],
    ['at a host name', enode(1, 'node.example.org')],
  ])('ND-01 a node %s is not offered', async (_, bad) => {
    const book = await open();
    void book.follow(source([bad, enode(2)]).found, never);
    expect(await book.next(never)).toEqual(enode(2));
    wanted = ({ id }) => id[0] !== 2;
    let next: Enode | undefined;
    const end = new AbortController();
    const asked = book.next(end.signal).then((node) => {
      next = node;
    });
    await clock.advance(100_000);
    end.abort();
    await asked;
    expect(next).toBeUndefined();
  });

  test('ND-01 offers no node twice in 35 s, no unwanted node, no node of another chain', async () => {
    const book = await open();
    const { found } = source([], ({ id }) => id[0] !== 3);
    await book.follow(found, never);
    wanted = ({ id }) => id[0] !== 2;
    book.add([enode(1), enode(2), enode(3)], list);
    expect(await book.next(never)).toEqual(enode(1));
    const start = clock.monotonic();
    let again: number | undefined;
    const offered = book.next(never).then((node) => {
      again = clock.monotonic() - start;
      return node;
    });
    await clock.advance(34_000);
    expect(again).toBeUndefined();
    await clock.advance(10 * 60_000);
    expect(await offered).toEqual(enode(1));
    expect(again).toBeGreaterThanOrEqual(35_000);
  });

  test('ND-01 an abort ends the wait', async () => {
    const book = await open();
    const stop = new AbortController();
    const offered = book.next(stop.signal);
    stop.abort();
    expect(await offered).toBeUndefined();
    await book.close();
    expect(clock.pending).toBe(0);
  });

  test('ND-01 accepts private and loopback addresses, and refuses unspecified, multicast and reserved ones', async () => {
    const book = await open();
    const hosts = ['127.0.0.1', '10.1.2.3', '192.0.2.1', '224.0.0.1', '0.0.0.0', '8.8.8.8'];
    book.add(
      hosts.map((host, i) => enode(i + 1, host)),
      list,
    );
    expect(book.stats.size).toBe(3);
  });
});

describe('ND-03 the saved address book', () => {
  test('ND-03 reached nodes are tried addresses after a restart', async () => {
    const store = memory();
    const book = await open(store);
    book.add([enode(1), enode(2)], list);
    book.dialing(enode(1));
    book.reached(enode(1));
    await book.close();
    expect((await open(store)).stats).toMatchObject({ size: 2, tried: 1 });
  });

  test('ND-03 a damaged book is set aside with a warning, and a new one is used', async () => {
    const store = memory(Uint8Array.of(1, 2, 3));
    const book = await open(store);
    expect(book.stats.size).toBe(0);
    expect(store.aside).toEqual([Uint8Array.of(1, 2, 3)]);
    expect(warnings).toMatchObject([[{}, expect.stringContaining('set aside')]]);
    book.add([enode(1)], list);
    await book.close();
    expect((await open(store)).stats.size).toBe(1);
  });
});
