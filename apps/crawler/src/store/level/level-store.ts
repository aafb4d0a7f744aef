import { fromHex, toHex } from '@devp2p/enr';
import { CrawlerError } from '../../model/error.ts';
import type { NodeRecord, Visit } from '../../model/node-record.ts';
import { shownNode, shownVisit } from '../../model/shown-records.ts';
import type { CrawlBatch, CrawlSession, CrawlStore, Rollup } from '../store.ts';
import { type Change, type Database, openDatabase } from './database.ts';
import {
  type Encoding,
  FORMAT,
  idsEncoding,
  nodeEncoding,
  rollupEncoding,
  sessionEncoding,
  visitEncoding,
} from './encoding.ts';
import { key, keysOf, timeAt, timeBytes } from './keys.ts';

/** @see openLevelStore */
export interface LevelStoreOptions {
  /** Visits of a node that are kept; older ones are forgotten. @default 32 */
  readonly visitsKept?: number | undefined;
  /** A session's rollups this many ms apart are kept; of those between, the last. @default 10 min */
  readonly rollupInterval?: number | undefined;
  /**
   * Told of each damaged record that a walk or a lease comes across and leaves out.
   * @default such an error is thrown
   */
  readonly onCorrupt?: ((error: CrawlerError) => void) | undefined;
}

const about = `devp2p-crawler ${FORMAT}`;

/**
 * Opens the store in a directory, which is made if need be. Only one process can have it open.
 *
 * @throws CrawlerError `datadir-in-use`, `wrong-datadir`, `store-corrupt`, `store-failed`
 */
export async function openLevelStore(
  location: string,
  options: LevelStoreOptions = {},
): Promise<CrawlStore> {
  const database = await openDatabase(location);
  try {
    await checkKind(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return new LevelStore(database, options);
}

async function checkKind(database: Database): Promise<void> {
  const found = await database.get(key('about'));
  if (found === undefined) {
    for await (const _ of database.keys({ gte: key('about'), lt: Uint8Array.of(0xff) })) {
      throw new CrawlerError('wrong-datadir', `${database.location} is no crawler's database`);
    }
    const value = new TextEncoder().encode(about);
    await database.batch([{ type: 'put', key: key('about'), value }]);
    return;
  }
  const text = new TextDecoder().decode(found);
  if (text === about) return;
  const [, format] = /^devp2p-crawler (\d+)$/.exec(text) ?? [];
  const what =
    format === undefined ? "no crawler's database" : `of format ${format}, this is ${FORMAT}`;
  throw new CrawlerError('wrong-datadir', `${database.location} is ${what}`);
}

class LevelStore implements CrawlStore {
  readonly #database: Database;
  readonly #visitsKept: number;
  readonly #rollupInterval: number;
  readonly #onCorrupt: (error: CrawlerError) => void;
  /** Ids, as hex, that were given away. */
  readonly #leased = new Set<string>();
  /** No node that can be leased has a key before this in the index of due times. */
  #firstDue = keysOf('due').gte;
  /** What reads, then writes what follows from it, goes one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(
    database: Database,
    { visitsKept = 32, rollupInterval = 600_000, onCorrupt }: LevelStoreOptions,
  ) {
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
    for await (const [at, value] of this.#database.entries(keysOf('node'))) {
      const node = this.#try(() => readNode(at.subarray(1), value));
      if (node !== undefined) yield shownNode(node);
    }
  }

  async get(id: Uint8Array): Promise<NodeRecord | undefined> {
    const value = await this.#database.get(key('node', id));
    return value && shownNode(readNode(id, value));
  }

  lease(now: number, limit: number): Promise<NodeRecord[]> {
    return this.#inTurn(async () => {
      const { gte, lt } = this.#dueRange(now);
      const entries: { entry: Uint8Array; id: Uint8Array }[] = [];
      let next: Uint8Array = limit > 0 ? lt : gte;
      if (limit > 0) {
        for await (const entry of this.#database.keys({ gte, lt })) {
          if (entries.length === limit) {
            next = entry;
            break;
          }
          const id = entry.subarray(-64);
          if (!this.#leased.has(toHex(id))) entries.push({ entry, id });
        }
      }
      const values = await this.#database.getMany(entries.map(({ id }) => key('node', id)));
      const nodes: NodeRecord[] = [];
      const broken: Change[] = [];
      for (const [i, { entry, id }] of entries.entries()) {
        const value = values[i];
        const node = value && this.#try(() => readNode(id, value));
        if (node !== undefined && sameBytes(dueKey(node), entry)) nodes.push(node);
        else broken.push({ type: 'del', key: entry });
      }
      // What leads nowhere would come again for ever.
      if (broken.length > 0) await this.#database.batch(broken);
      for (const { id } of nodes) this.#leased.add(toHex(id));
      if (isBefore(gte, next)) this.#firstDue = next;
      return nodes;
    });
  }

  nextDue(): Promise<number | undefined> {
    return this.#inTurn(async () => {
      const { gte, lt } = this.#dueRange(Number.MAX_SAFE_INTEGER);
      for await (const entry of this.#database.keys({ gte, lt })) {
        if (!this.#leased.has(toHex(entry.subarray(-64)))) return timeAt(entry, 1);
      }
      return undefined;
    });
  }

  commit(batch: CrawlBatch): Promise<void> {
    return this.#inTurn(async () => {
      const changes: Change[] = [];
      const nodes = new Map(batch.nodes?.map((node) => [toHex(node.id), node]));
      const removed = new Set(batch.removed?.map(toHex));
      for (const id of removed) nodes.delete(id);
      await this.#forgetDueTimes([...nodes.keys(), ...removed], changes);
      for (const node of nodes.values()) {
        put(changes, key('node', node.id), writeNode(node));
        put(changes, dueKey(node), new Uint8Array(0));
      }
      for (const { id, named } of batch.neighbours ?? []) {
        if (!removed.has(toHex(id))) put(changes, key('neighbours', id), idsEncoding.encode(named));
      }
      await this.#changeVisits(
        (batch.visits ?? []).filter(({ id }) => !removed.has(toHex(id))),
        changes,
      );
      for (const id of [...removed].map(fromHex)) {
        changes.push({ type: 'del', key: key('node', id) });
        changes.push({ type: 'del', key: key('neighbours', id) });
        for await (const visit of this.#database.keys(keysOf('visit', id))) {
          changes.push({ type: 'del', key: visit });
        }
      }
      const { session } = batch;
      if (session !== undefined) {
        const { startedAt, rollup } = session;
        const time = Math.floor(rollup.at / this.#rollupInterval) * this.#rollupInterval;
        put(changes, key('session', startedAt), sessionEncoding.encode(session));
        put(changes, key('rollup', time, startedAt), rollupEncoding.encode(rollup));
      }
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
    for await (const [at, value] of this.#database.entries(range, { reverse: true })) {
      const what = `visit of node ${toHex(id)} at ${time(at, 65)}`;
      const visit = this.#try(() => read(visitEncoding, value, what));
      if (visit !== undefined) yield shownVisit(visit);
    }
  }

  async neighbours(id: Uint8Array): Promise<Uint8Array[]> {
    const value = await this.#database.get(key('neighbours', id));
    return value ? [...read(idsEncoding, value, `neighbours of node ${toHex(id)}`)] : [];
  }

  async *sessions(): AsyncGenerator<CrawlSession> {
    const range = keysOf('session');
    for await (const [at, value] of this.#database.entries(range, { reverse: true })) {
      const session = this.#try(() => read(sessionEncoding, value, `session of ${time(at, 1)}`));
      if (session !== undefined) yield session;
    }
  }

  async *rollups(): AsyncGenerator<Rollup> {
    for await (const [at, value] of this.#database.entries(keysOf('rollup'))) {
      const rollup = this.#try(() => read(rollupEncoding, value, `rollup of ${time(at, 1)}`));
      if (rollup !== undefined) yield rollup;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#inTurn(() => this.#database.close());
    return this.#closed;
  }

  /** Removes the nodes of these ids from the index. */
  async #forgetDueTimes(ids: readonly string[], changes: Change[]): Promise<void> {
    if (ids.length === 0) return;
    const keys = ids.map((id) => key('node', fromHex(id)));
    const values = await this.#database.getMany(keys);
    for (const [i, value] of values.entries()) {
      if (value === undefined || value.length < 8) continue;
      const id = keys[i]?.subarray(1) ?? new Uint8Array(0);
      changes.push({ type: 'del', key: key('due', value.subarray(0, 8), id) });
    }
  }

  /** Adds visits, and removes those that are too old to be kept. */
  async #changeVisits(visits: readonly Visit[], changes: Change[]): Promise<void> {
    const newKeys = new Map<string, Set<string>>();
    for (const visit of visits) {
      const at = key('visit', visit.id, visit.at);
      put(changes, at, visitEncoding.encode(visit));
      const id = toHex(visit.id);
      newKeys.set(id, (newKeys.get(id) ?? new Set()).add(toHex(at)));
    }
    for (const [id, keys] of newKeys) {
      for await (const at of this.#database.keys(keysOf('visit', fromHex(id)))) keys.add(toHex(at));
      const tooOld = [...keys].sort().slice(0, -this.#visitsKept);
      for (const at of tooOld) changes.push({ type: 'del', key: fromHex(at) });
    }
  }

  #dueRange(until: number): { gte: Uint8Array; lt: Uint8Array } {
    return { gte: this.#firstDue, lt: keysOf('due', timeBytes(until)).lt };
  }

  #try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#onCorrupt(error as CrawlerError);
      return undefined;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** `due time (8 bytes) ‖ record`: the time alone is needed at each change. */
function writeNode(node: NodeRecord): Uint8Array {
  const record = nodeEncoding.encode(node);
  const value = new Uint8Array(8 + record.length);
  value.set(timeBytes(node.dueAt));
  value.set(record, 8);
  return value;
}

function readNode(id: Uint8Array, value: Uint8Array): NodeRecord {
  const what = `node ${toHex(id)}`;
  const node = read(nodeEncoding, value.subarray(8), what);
  if (!sameBytes(node.id, id)) throw corrupt(what, new Error('is kept under another id'));
  return node;
}

function dueKey({ dueAt, id }: NodeRecord): Uint8Array {
  return key('due', dueAt, id);
}

function put(changes: Change[], key: Uint8Array, value: Uint8Array): void {
  changes.push({ type: 'put', key, value });
}

function read<T>(encoding: Encoding<T>, value: Uint8Array, what: string): T {
  try {
    return encoding.decode(value);
  } catch (error) {
    throw corrupt(what, error);
  }
}

function corrupt(what: string, cause: unknown): CrawlerError {
  const { message } = cause as Error;
  return new CrawlerError('record-corrupt', `${what} cannot be read: ${message}`, { cause });
}

function time(key: Uint8Array, offset: number): string {
  return new Date(Math.min(timeAt(key, offset), 8.64e15)).toISOString();
}

function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) < 0;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
