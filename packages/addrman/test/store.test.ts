import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AddrManEvent, type AddrStore, openAddrMan } from '../src/index.ts';
import { minute, populate, world } from './world.ts';

class MemoryStore implements AddrStore {
  saved: Uint8Array | undefined;
  aside: Uint8Array | undefined;
  saves = 0;
  failing = false;
  /** Most saves in progress at a time. */
  most = 0;
  #running = 0;

  constructor(saved?: Uint8Array) {
    this.saved = saved;
  }

  async load(): Promise<Uint8Array | undefined> {
    return this.saved;
  }

  async save(snapshot: Uint8Array): Promise<void> {
    this.most = Math.max(this.most, ++this.#running);
    await Promise.resolve();
    this.#running--;
    if (this.failing) throw new Error('disk full');
    this.saved = snapshot;
    this.saves++;
  }

  async setAside(snapshot: Uint8Array): Promise<void> {
    this.aside = snapshot;
    this.saved = undefined;
  }
}

let events: AddrManEvent[];
const listener = (message: unknown): void => {
  events.push(message as AddrManEvent);
};

beforeEach(() => {
  events = [];
  subscribe('devp2p:addrman', listener);
});

afterEach(() => {
  unsubscribe('devp2p:addrman', listener);
});

test('AM-11 an empty store starts empty; snapshots are saved every 15 minutes and at close', async () => {
  const clock = createVirtualClock();
  const store = new MemoryStore();
  const book = await openAddrMan({ clock, store });
  expect(book.size).toBe(0);
  await clock.advance(15 * minute - 1);
  expect(store.saves).toBe(0);
  await clock.advance(1);
  expect(store.saves).toBe(1);
  await clock.advance(30 * minute);
  expect(store.saves).toBe(3);
  populate(book, 50);
  await book.close();
  expect(store.saves).toBe(4);
  expect(Buffer.compare(store.saved ?? new Uint8Array(), book.snapshot())).toBe(0);
  expect(clock.pending).toBe(0);
  await book.close();
  await clock.advance(60 * minute);
  expect(store.saves).toBe(4);
  expect(events.map(({ type }) => type)).toEqual(Array(4).fill('saved'));
});

test('AM-11 a saved snapshot is loaded at the next start', async () => {
  const clock = createVirtualClock();
  const store = new MemoryStore();
  const first = await openAddrMan({ clock, store });
  populate(first, 50);
  await first.close();
  const second = await openAddrMan({ clock, store });
  second.check();
  expect([...second.entries()]).toEqual([...first.entries()]);
  await second[Symbol.asyncDispose]();
});

test('AM-11 a later format is set aside, and the address manager starts empty', async () => {
  const clock = createVirtualClock();
  const later = await laterFormat();
  const store = new MemoryStore(later);
  const book = await openAddrMan({ clock, store });
  expect(book.size).toBe(0);
  expect(store.aside).toEqual(later);
  expect(events).toMatchObject([{ type: 'set-aside', error: { code: 'newer-snapshot' } }]);
  await book.close();
  expect(store.aside).toEqual(later);
});

test('AM-11 a damaged one is refused, clearly, and nothing is overwritten', async () => {
  const clock = createVirtualClock();
  const damaged = world().book.snapshot();
  damaged[20] = (damaged[20] ?? 0) ^ 1;
  const original = damaged.slice();
  const store = new MemoryStore(damaged);
  await expect(openAddrMan({ clock, store })).rejects.toMatchObject({
    name: 'AddrManError',
    code: 'corrupt-snapshot',
    message: 'corrupt address snapshot: wrong checksum',
  });
  await clock.advance(60 * minute);
  expect(store.saved).toEqual(original);
  expect([store.aside, store.saves, clock.pending]).toEqual([undefined, 0, 0]);
});

test('AM-11 a store that fails to read or to set aside rejects', async () => {
  const clock = createVirtualClock();
  const store = new MemoryStore(await laterFormat());
  store.setAside = () => Promise.reject(new Error('read-only'));
  await expect(openAddrMan({ clock, store })).rejects.toThrow('read-only');
  store.load = () => Promise.reject(new Error('locked'));
  await expect(openAddrMan({ clock, store })).rejects.toThrow('locked');
  expect(clock.pending).toBe(0);
});

test('HX-22 a full disk is reported, and saving continues', async () => {
  const clock = createVirtualClock();
  const store = new MemoryStore();
  const localId = new Uint8Array(64).fill(1);
  const book = await openAddrMan({ clock, store, saveInterval: minute, localId });
  store.failing = true;
  await clock.advance(2 * minute);
  expect(events).toMatchObject([
    { type: 'save-failed', localId },
    { type: 'save-failed', localId },
  ]);
  await expect(book.save()).rejects.toThrow('disk full');
  store.failing = false;
  await clock.advance(minute);
  expect(store.saves).toBe(1);
  store.failing = true;
  await expect(book.close()).rejects.toThrow('disk full');
  expect(clock.pending).toBe(0);
});

test('AM-11 saves are sequential', async () => {
  const store = new MemoryStore();
  const book = await openAddrMan({ clock: createVirtualClock(), store });
  await Promise.all([book.save(), book.save(), book.close(), book.save()]);
  expect([store.saves, store.most]).toEqual([4, 1]);
});

test('an invalid interval is refused and leaves no timer', async () => {
  const clock = createVirtualClock();
  const opening = openAddrMan({ clock, store: new MemoryStore(), saveInterval: 0 });
  await expect(opening).rejects.toMatchObject({ code: 'invalid-option' });
  expect(clock.pending).toBe(0);
});

async function laterFormat(): Promise<Uint8Array> {
  const { crc32 } = await import('node:zlib');
  const bytes = world().book.snapshot();
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 99, true);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true);
  return bytes;
}
