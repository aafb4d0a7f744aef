import type { Clock, Timer } from '@devp2p/clock';
import type { SeededRandom } from '@devp2p/random/seeded';
import { shuffled } from './graph.ts';

/** Figures of go-ethereum v1.17.10 (`eth/fetcher/tx_fetcher.go`). Times in ms, lengths in bytes. */
const arriveTimeout = 500;
const gatherSlack = 100;
const fetchTimeout = 5000;
const maxRequest = { hashes: 256, bytes: 128 * 1024 };
const maxAnnounced = 4096;
const sizeTolerance = 8;

/** An announcer of transactions, as the fetcher sees it. */
export interface Announcer {
  request(keys: readonly string[]): void;
  drop(): void;
}

interface Entry {
  readonly key: string;
  readonly since: number;
  stage: 'wait' | 'queue' | 'fetch';
  readonly from: Map<Announcer, { readonly type: number; readonly size: number }>;
}

interface State {
  readonly announced: Set<Entry>;
  asked: readonly Entry[] | undefined;
  timer: Timer | undefined;
}

/** A small model of go-ethereum's transaction fetcher. */
export class ReferenceFetcher {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #entries = new Map<string, Entry>();
  readonly #states = new Map<Announcer, State>();
  #timer: Timer | undefined;

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  announced(from: Announcer, items: Iterable<{ key: string; type: number; size: number }>): void {
    const state = this.#stateOf(from);
    for (const { key, type, size } of items) {
      if (state.announced.size >= maxAnnounced) break;
      const known = this.#entries.get(key);
      const entry = known ?? { key, since: this.#clock.monotonic(), stage: 'wait', from: new Map() };
      this.#entries.set(key, entry);
      if (entry.from.has(from)) continue;
      entry.from.set(from, { type, size });
      state.announced.add(entry);
    }
    this.#setTimer();
    this.#schedule([from]);
  }

  /** Ends the tracking of transactions, and drops those who announced them falsely. */
  arrived(items: Iterable<{ key: string; type: number; size: number }>): void {
    for (const { key, type, size } of items) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      const liars = [...entry.from].filter(
        ([, announced]) => announced.type !== type || Math.abs(announced.size - size) > sizeTolerance,
      );
      this.#end(entry);
      for (const [announcer] of liars) announcer.drop();
    }
  }

  /** Takes a response. What it lacks is asked of others. */
  answered(from: Announcer, keys: ReadonlySet<string>): void {
    const state = this.#stateOf(from);
    const asked = state.asked ?? [];
    state.timer?.cancel();
    state.asked = undefined;
    const last = asked.findLastIndex(({ key }) => keys.has(key));
    for (const [i, entry] of asked.entries()) {
      if (keys.has(entry.key) || !this.#isTracked(entry) || entry.stage !== 'fetch') continue;
      if (last < 0 || i < last) this.#forget(from, entry);
      this.#requeue(entry);
    }
    this.#schedule(this.#states.keys());
  }

  remove(from: Announcer): void {
    const state = this.#states.get(from);
    if (state === undefined) return;
    state.timer?.cancel();
    this.#states.delete(from);
    for (const entry of state.announced) {
      this.#forget(from, entry, state);
      if (state.asked?.includes(entry) || entry.from.size === 0) this.#requeue(entry);
    }
    this.#schedule(this.#states.keys());
  }

  close(): void {
    this.#timer?.cancel();
    for (const { timer } of this.#states.values()) timer?.cancel();
    this.#states.clear();
    this.#entries.clear();
  }

  #stateOf(from: Announcer): State {
    let state = this.#states.get(from);
    if (state === undefined) {
      state = { announced: new Set(), asked: undefined, timer: undefined };
      this.#states.set(from, state);
    }
    return state;
  }

  #isTracked(entry: Entry): boolean {
    return this.#entries.get(entry.key) === entry;
  }

  #setTimer(): void {
    if (this.#timer !== undefined) return;
    for (const { stage, since } of this.#entries.values()) {
      if (stage !== 'wait') continue;
      this.#timer = this.#clock.setTimeout(() => this.#stopWaiting(), since + arriveTimeout - this.#clock.monotonic());
      return;
    }
  }

  #stopWaiting(): void {
    this.#timer = undefined;
    const latest = this.#clock.monotonic() - arriveTimeout + gatherSlack;
    const announcers = new Set<Announcer>();
    for (const entry of this.#entries.values()) {
      if (entry.stage !== 'wait') continue;
      if (entry.since > latest) break;
      entry.stage = 'queue';
      for (const announcer of entry.from.keys()) announcers.add(announcer);
    }
    this.#setTimer();
    this.#schedule(announcers);
  }

  #schedule(announcers: Iterable<Announcer>): void {
    const idle = [...announcers].filter((each) => this.#states.get(each)?.asked === undefined);
    for (const announcer of shuffled(idle, this.#random)) this.#request(announcer);
  }

  #request(announcer: Announcer): void {
    const state = this.#states.get(announcer);
    if (state === undefined || state.asked !== undefined) return;
    const asked: Entry[] = [];
    let bytes = 0;
    for (const entry of state.announced) {
      if (entry.stage !== 'queue') continue;
      asked.push(entry);
      bytes += entry.from.get(announcer)?.size ?? 0;
      if (asked.length >= maxRequest.hashes || bytes >= maxRequest.bytes) break;
    }
    if (asked.length === 0) return;
    for (const entry of asked) entry.stage = 'fetch';
    state.asked = asked;
    state.timer = this.#clock.setTimeout(() => this.#timedOut(announcer, asked), fetchTimeout);
    announcer.request(asked.map(({ key }) => key));
  }

  /** Asks others. The announcer gets no request until it answers. */
  #timedOut(announcer: Announcer, asked: readonly Entry[]): void {
    for (const entry of asked) {
      if (!this.#isTracked(entry) || !entry.from.has(announcer)) continue;
      this.#forget(announcer, entry);
      this.#requeue(entry);
    }
    this.#schedule(this.#states.keys());
  }

  #requeue(entry: Entry): void {
    if (entry.from.size === 0) this.#end(entry);
    else entry.stage = 'queue';
  }

  #forget(announcer: Announcer, entry: Entry, state: State | undefined = this.#states.get(announcer)): void {
    entry.from.delete(announcer);
    state?.announced.delete(entry);
  }

  #end(entry: Entry): void {
    this.#entries.delete(entry.key);
    for (const announcer of [...entry.from.keys()]) this.#states.get(announcer)?.announced.delete(entry);
  }
}
