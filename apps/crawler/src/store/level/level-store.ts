import { equalBytes, fromHex, toHex } from '@devp2p/bytes';
import { func, integer, positive, type Rules, string } from '@devp2p/options';
import { check } from '../../model/check-options.ts';
import { CrawlerError } from '../../model/error.ts';
import { inspectableNode, inspectableVisit } from '../../model/inspectable-records.ts';
import type { NodeRecord, Visit } from '../../model/node-record.ts';
import type { CrawlBatch, CrawlSession, CrawlStore, Rollup } from '../store.ts';
import { type Change, type Database, openDatabase } from './database.ts';
import {
  type Encoding,
  format,
  idsEncoding,
  nodeEncoding,
  rollupEncoding,
  sessionEncoding,
  visitEncoding,
} from './encoding.ts';
import { key, keysOf, timeAt, timeBytes } from './keys.ts';

/** @see openLevelStore */
export interface LevelStoreOptions {
  /** Number of visits that are kept of each node; older ones are deleted. @default 32 */
  readonly visitsKept?: number | undefined;
  /** Milliseconds of which a session keeps one rollup, the latest. @default 600_000 */
  readonly rollupInterval?: number | undefined;
  /**
   * Called with each damaged record, which iterators and leases then skip.
   * @default the error is thrown
   */
  readonly onCorrupt?: ((error: CrawlerError) => void) | undefined;
}

const rules: Rules<LevelStoreOptions> = {
  visitsKept: integer(1),
  rollupInterval: positive,
  onCorrupt: func,
};

/** Value of the key `about`: name and format of the database. */
const about = `devp2p-crawler ${format}`;

/**
 * Opens the store in a directory, which is created if it does not exist. Only one process can open it at a time.
 *
 * @throws CrawlerError `invalid-option`, `datadir-in-use`, `wrong-datadir`, `store-corrupt`, `store-failed`
 */
export async function openLevelStore(location: string, options: LevelStoreOptions = {}): Promise<CrawlStore> {
  check.value('location', location, string);
  check.options('openLevelStore', options, rules);
  const database = await openDatabase(location);
  try {
    await checkFormat(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return new LevelStore(database, options);
}

/** Checks name and format of the database, and writes them into an empty one. */
async function checkFormat(database: Database): Promise<void> {
  const { location } = database;
  const data = { path: location };
  const value = await database.get(key('about'));
  if (value === undefined) {
    for await (const _ of database.keys({ gte: key('about'), lt: Uint8Array.of(0xff) })) {
      throw new CrawlerError('wrong-datadir', `${location} is not a crawler database`, { data });
    }
    const bytes = new TextEncoder().encode(about);
    await database.batch([{ type: 'put', key: key('about'), value: bytes }]);
    return;
  }
  const text = new TextDecoder().decode(value);
  if (text === about) return;
  const [, found] = /^devp2p-crawler (\d+)$/.exec(text) ?? [];
  const message =
    found === undefined
      ? `${location} is not a crawler database`
      : `${location} has format ${found}, this program reads format ${format}`;
  throw new CrawlerError('wrong-datadir', message, { data });
}

class LevelStore implements CrawlStore {
  readonly #database: Database;
  readonly #visitsKept: number;
  readonly #rollupInterval: number;
  readonly #onCorrupt: (error: CrawlerError) => void;
  /** Ids of leased nodes, as hex. */
  readonly #leased = new Set<string>();
  /** Lower bound of the index keys of nodes that can be leased. */
  #firstDue = keysOf('due').gte;
  /** The last of the operations that read and then write, which run one after another. */
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(database: Database, { visitsKept = 32, rollupInterval = 600_000, onCorrupt }: LevelStoreOptions) {
    this.#database = database;
    this.#visitsKept = visitsKept;
    this.#rollupInterval = rollupInterval;
    this.#onCorrupt =
      onCorrupt ??
      ((error) => {
        throw error;
      });
  }

  async *nodes(): AsyncGenerator<NodeRecord> {
    for await (const [entry, value] of this.#database.entries(keysOf('node'))) {
      const node = this.#skipCorrupt(() => readNode(entry.subarray(1), value));
      if (node !== undefined) yield inspectableNode(node);
    }
  }

  async get(id: Uint8Array): Promise<NodeRecord | undefined> {
    const value = await this.#database.get(key('node', id));
    return value && inspectableNode(readNode(id, value));
  }

  lease(now: number, limit: number): Promise<NodeRecord[]> {
    return this.#serialize(async () => {
      const { gte } = this.#dueRange(now);
      const { entries, end } = await this.#dueEntries(now, limit);
      const keys = entries.map((entry) => key('node', idOf(entry)));
      const values = await this.#database.getMany(keys);
      const nodes: NodeRecord[] = [];
      const stale: Change[] = [];
      for (const [i, entry] of entries.entries()) {
        const value = values[i];
        const node = value && this.#skipCorrupt(() => readNode(idOf(entry), value));
        if (node !== undefined && equalBytes(dueKey(node), entry)) nodes.push(node);
        else stale.push({ type: 'del', key: entry });
      }
      // Index entries without a node would be read again by every lease.
      if (stale.length > 0) await this.#database.batch(stale);
      for (const { id } of nodes) this.#leased.add(toHex(id));
      if (isBefore(gte, end)) this.#firstDue = end;
      return nodes;
    });
  }

  nextDue(): Promise<number | undefined> {
    return this.#serialize(async () => {
      const { gte, lt } = this.#dueRange(Number.MAX_SAFE_INTEGER);
      for await (const entry of this.#database.keys({ gte, lt })) {
        if (!this.#leased.has(toHex(idOf(entry)))) return timeAt(entry, 1);
      }
      return undefined;
    });
  }

  commit(batch: CrawlBatch): Promise<void> {
    return this.#serialize(async () => {
      const nodes = new Map(batch.nodes?.map((node) => [toHex(node.id), node]));
      const removed = new Set(batch.removed?.map(toHex));
      for (const id of removed) nodes.delete(id);
      const isKept = ({ id }: { readonly id: Uint8Array }) => !removed.has(toHex(id));

      const changes: Change[] = [];
      await this.#deleteDueTimes([...nodes.keys(), ...removed], changes);
      for (const node of nodes.values()) {
        put(changes, key('node', node.id), writeNode(node));
        put(changes, dueKey(node), new Uint8Array(0));
      }
      for (const { id, neighbors } of (batch.neighbors ?? []).filter(isKept)) {
        put(changes, key('neighbors', id), idsEncoding.encode(neighbors));
      }
      await this.#putVisits((batch.visits ?? []).filter(isKept), changes);
      for (const id of removed) await this.#deleteNode(fromHex(id), changes);
      if (batch.session !== undefined) this.#putSession(batch.session, changes);
      await this.#database.batch(changes);

      for (const id of removed) this.#leased.delete(id);
      for (const [id, node] of nodes) {
        this.#leased.delete(id);
        const due = dueKey(node);
        if (isBefore(due, this.#firstDue)) this.#firstDue = due;
      }
    });
  }

  async *visits(id: Uint8Array): AsyncGenerator<Visit> {
    const range = keysOf('visit', id);
    for await (const [entry, value] of this.#database.entries(range, { reverse: true })) {
      const name = `visit of node ${toHex(id)} at ${time(entry, 65)}`;
      const visit = this.#skipCorrupt(() => read(visitEncoding, value, name));
      if (visit !== undefined) yield inspectableVisit(visit);
    }
  }

  async neighbors(id: Uint8Array): Promise<Uint8Array[]> {
    const value = await this.#database.get(key('neighbors', id));
    return value ? [...read(idsEncoding, value, `neighbors of node ${toHex(id)}`)] : [];
  }

  async *sessions(): AsyncGenerator<CrawlSession> {
    const range = keysOf('session');
    for await (const [entry, value] of this.#database.entries(range, { reverse: true })) {
      const session = this.#skipCorrupt(() => read(sessionEncoding, value, `session of ${time(entry, 1)}`));
      if (session !== undefined) yield session;
    }
  }

  async *rollups(): AsyncGenerator<Rollup> {
    for await (const [entry, value] of this.#database.entries(keysOf('rollup'))) {
      const rollup = this.#skipCorrupt(() => read(rollupEncoding, value, `rollup of ${time(entry, 1)}`));
      if (rollup !== undefined) yield rollup;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#serialize(() => this.#database.close());
    return this.#closed;
  }

  /** Returns up to `limit` index entries of nodes that are due and not leased, and the entry at which the next lease starts. */
  async #dueEntries(
    now: number,
    limit: number,
  ): Promise<{ readonly entries: readonly Uint8Array[]; readonly end: Uint8Array }> {
    const { gte, lt } = this.#dueRange(now);
    const entries: Uint8Array[] = [];
    if (limit <= 0) return { entries, end: gte };
    for await (const entry of this.#database.keys({ gte, lt })) {
      if (entries.length === limit) return { entries, end: entry };
      if (!this.#leased.has(toHex(idOf(entry)))) entries.push(entry);
    }
    return { entries, end: lt };
  }

  /** Deletes the index entries of nodes. */
  async #deleteDueTimes(ids: readonly string[], changes: Change[]): Promise<void> {
    if (ids.length === 0) return;
    const keys = ids.map((id) => key('node', fromHex(id)));
    const values = await this.#database.getMany(keys);
    for (const [i, value] of values.entries()) {
      if (value === undefined || value.length < 8) continue;
      const id = keys[i]?.subarray(1) ?? new Uint8Array(0);
      changes.push({ type: 'del', key: key('due', value.subarray(0, 8), id) });
    }
  }

  /** Adds visits, and deletes the oldest ones beyond the limit. */
  async #putVisits(visits: readonly Visit[], changes: Change[]): Promise<void> {
    const keysByNode = new Map<string, Set<string>>();
    for (const visit of visits) {
      const visitKey = key('visit', visit.id, visit.at);
      put(changes, visitKey, visitEncoding.encode(visit));
      const id = toHex(visit.id);
      keysByNode.set(id, (keysByNode.get(id) ?? new Set()).add(toHex(visitKey)));
    }
    for (const [id, keys] of keysByNode) {
      for await (const stored of this.#database.keys(keysOf('visit', fromHex(id)))) {
        keys.add(toHex(stored));
      }
      const oldest = [...keys].sort().slice(0, -this.#visitsKept);
      for (const visitKey of oldest) changes.push({ type: 'del', key: fromHex(visitKey) });
    }
  }

  #putSession(session: CrawlSession, changes: Change[]): void {
    const { startedAt, rollup } = session;
    const time = Math.floor(rollup.at / this.#rollupInterval) * this.#rollupInterval;
    put(changes, key('session', startedAt), sessionEncoding.encode(session));
    put(changes, key('rollup', time, startedAt), rollupEncoding.encode(rollup));
  }

  /** Deletes a node with its neighbors and visits. */
  async #deleteNode(id: Uint8Array, changes: Change[]): Promise<void> {
    changes.push({ type: 'del', key: key('node', id) });
    changes.push({ type: 'del', key: key('neighbors', id) });
    for await (const visit of this.#database.keys(keysOf('visit', id))) {
      changes.push({ type: 'del', key: visit });
    }
  }

  #dueRange(until: number): { gte: Uint8Array; lt: Uint8Array } {
    return { gte: this.#firstDue, lt: keysOf('due', timeBytes(until)).lt };
  }

  /** Reports an error of `read` to `onCorrupt`. */
  #skipCorrupt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#onCorrupt(error as CrawlerError);
      return undefined;
    }
  }

  /** Runs `work` after the operations before it. */
  #serialize<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** `due time (8 bytes) ‖ record`: each change needs the time without decoding the record. */
function writeNode(node: NodeRecord): Uint8Array {
  const record = nodeEncoding.encode(node);
  const value = new Uint8Array(8 + record.length);
  value.set(timeBytes(node.dueAt));
  value.set(record, 8);
  return value;
}

function readNode(id: Uint8Array, value: Uint8Array): NodeRecord {
  const name = `node ${toHex(id)}`;
  const node = read(nodeEncoding, value.subarray(8), name);
  if (!equalBytes(node.id, id)) throw corrupt(name, new Error('stored under another id'));
  return node;
}

function dueKey({ dueAt, id }: NodeRecord): Uint8Array {
  return key('due', dueAt, id);
}

function put(changes: Change[], key: Uint8Array, value: Uint8Array): void {
  changes.push({ type: 'put', key, value });
}

/** Returns the id at the end of an index entry. */
function idOf(entry: Uint8Array): Uint8Array {
  return entry.subarray(-64);
}

function read<T>(encoding: Encoding<T>, value: Uint8Array, name: string): T {
  try {
    return encoding.decode(value);
  } catch (error) {
    throw corrupt(name, error);
  }
}

/** @param name of the record, as in the message */
function corrupt(name: string, cause: unknown): CrawlerError {
  const message = `${name} cannot be read: ${(cause as Error).message}`;
  return new CrawlerError('record-corrupt', message, { cause, data: { record: name } });
}

function time(key: Uint8Array, offset: number): string {
  return new Date(Math.min(timeAt(key, offset), 8.64e15)).toISOString();
}

function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) < 0;
}
