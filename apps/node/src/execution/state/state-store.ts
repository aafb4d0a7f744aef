import { equalBytes, toHex } from '@devp2p/bytes';
import type { Hasher } from '@devp2p/eth';
import { StateError } from '../../errors/state-error.ts';
import type { BlockRef } from '../../storage/schema.ts';
import { type ChangeContext, computeChanges, computeUndo } from './compute-changes.ts';
import { decodeDifference } from './difference.ts';
import type { AccountProof, StateChanges, StateReader } from './interfaces.ts';
import { keyOf } from './keys.ts';
import { LayerReader } from './layer-reader.ts';
import { readPosition } from './open-state.ts';
import type { FullStateSettings } from './open-state-store.ts';
import { proveAccount } from './prove-account.ts';
import type { StateHead } from './records.ts';
import { differenceKey } from './schema.ts';
import type { StateBatch, StateDatabase } from './state-database.ts';
import { StateHistory } from './state-history.ts';
import { noChanges, StateLayer } from './state-layer.ts';
import { StateReads } from './state-reads.ts';
import { StateTries } from './state-tries.ts';
import { writeFlat, writeHead, writeStep } from './state-writer.ts';
import { StorageSweeper } from './storage-sweeper.ts';

/** Differences beyond the history that one commit deletes at most, besides those of its own blocks. */
const pruneLimit = 64;

/**
 * The states of a chain: that of one block in a database, its head; the states of later blocks and of side branches as
 * layers of changes in memory; and those of the last ancestors through differences. States are named by the hashes of
 * their blocks.
 *
 * Everything but commits is synchronous. During a commit only the target's state and those above it can be read.
 */
export class StateStore {
  readonly #database: StateDatabase;
  readonly #settings: FullStateSettings;
  readonly #reads: StateReads;
  readonly #context: ChangeContext;
  readonly #sweeper: StorageSweeper;
  /** All states in memory by their hashes, the older ones first; the head is one of them. */
  readonly #layers = new Map<string, StateLayer>();
  #head: StateLayer;
  #history: StateHistory;
  #nextStorageId: number;
  #bytes = 0;
  /** The target of the commit in progress. */
  #target: StateLayer | undefined;
  /** Settled when the last of the commits has ended. */
  #commits: Promise<void> = Promise.resolve();
  /** Whether the last write failed, so that the database is to be opened again. */
  #hasFailed = false;
  #isClosed = false;

  /** Use `openStateStore` or `createStateStore`. */
  constructor(
    database: StateDatabase,
    hasher: Hasher,
    settings: FullStateSettings,
    { head, blocks }: Awaited<ReturnType<typeof readPosition>>,
  ) {
    this.#database = database;
    this.#settings = settings;
    this.#head = new StateLayer(head, noChanges(head.stateRoot));
    this.#layers.set(this.#head.key, this.#head);
    this.#history = new StateHistory(blocks);
    this.#nextStorageId = head.nextStorageId;
    this.#reads = new StateReads(database, this.#head, hasher, settings.cacheSize);
    const tries = new StateTries(this.#reads, hasher);
    this.#context = { reads: this.#reads, tries, createStorageId: () => this.#nextStorageId++ };
    this.#sweeper = new StorageSweeper(database, (batch) => this.#writeBatch(batch));
  }

  /** Part of opening. */
  async prepare(): Promise<void> {
    await this.#sweeper.prepare();
  }

  /** The block whose state the database has. */
  get head(): StateHead {
    const { number, hash, stateRoot } = this.#head;
    return { number, hash, stateRoot };
  }

  /** The head and its ancestors as far as {@link reader} and {@link commit} can go back, descending. */
  ancestors(): Iterable<BlockRef> {
    return this.#history.descending();
  }

  /** Whether the state after a block is available. @param hash 32 bytes */
  has(hash: Uint8Array): boolean {
    return (
      this.#layers.get(keyOf(hash))?.isLive ??
      (this.#target === undefined && this.#history.numberOf(hash) !== undefined)
    );
  }

  /** The root of an available state. @throws StateError */
  stateRoot(hash: Uint8Array): Uint8Array | undefined {
    return this.#find(hash)?.stateRoot;
  }

  /**
   * Reads of the state after a block, until it is dropped: by a commit of a block that does not descend from it, or by
   * {@link discard}.
   *
   * @param hash 32 bytes
   * @param isGuest whether it only reads beside the execution, whose caches do not follow it
   * @param isVerified whether each account and slot is checked against the state root, which costs the hashes of a path.
   * A block that breaks a rule is executed again so before it is declared invalid: the reason may be a damaged record.
   * @returns `undefined` if the state is not available
   * @throws StateError `busy`, `corrupt`, `unusable`
   */
  reader(
    hash: Uint8Array,
    { isVerified = false, isGuest = false }: { readonly isVerified?: boolean; readonly isGuest?: boolean } = {},
  ): StateReader | undefined {
    const layer = this.#find(hash);
    if (layer === undefined) return undefined;
    if (!isGuest) this.#reads.follow(layer);
    if (isVerified) this.#reads.clear();
    return new LayerReader(this.#reads, layer, isVerified ? this.#context.tries : undefined);
  }

  /**
   * An account of the state after a block, with proofs of it and of some of its slots.
   *
   * @param hash 32 bytes
   * @returns `undefined` if the state is not available
   * @throws StateError as {@link reader}
   */
  prove(hash: Uint8Array, address: Uint8Array, slots: readonly bigint[]): AccountProof | undefined {
    const layer = this.#find(hash);
    return layer && proveAccount({ reads: this.#reads, tries: this.#context.tries, layer }, address, slots);
  }

  /**
   * Adds the state after a block, in memory.
   *
   * @param parentHash the block before it, whose state is available
   * @returns the state root, 32 bytes, to be compared with the header's; see {@link discard}
   * @throws StateError `unknown-state`, `busy`, `too-many-states`, `corrupt`, `unusable`
   */
  apply(parentHash: Uint8Array, block: BlockRef, changes: StateChanges): Uint8Array {
    const parent = this.#expect(parentHash);
    // The hash stands for the parent and the changes too.
    const known = this.#layers.get(keyOf(block.hash));
    if (known?.isLive) return known.stateRoot;
    this.#reads.follow(parent);
    const computed = computeChanges(parent, changes, this.#context);
    const { difference } = computed;
    const layer = new StateLayer(block, computed.changes, parent, { type: 'forward', difference });
    this.#add(layer);
    this.#reads.follow(layer);
    return layer.stateRoot;
  }

  /**
   * The state root after changes, for a block that is being built.
   *
   * @throws StateError as {@link apply}
   */
  rootAfter(parentHash: Uint8Array, changes: StateChanges): Uint8Array {
    const parent = this.#expect(parentHash);
    this.#reads.follow(parent);
    return computeChanges(parent, changes, this.#context).changes.stateRoot;
  }

  /** Drops the uncommitted state of a block, and those above it; without effect on the head. */
  discard(hash: Uint8Array): void {
    const layer = this.#layers.get(keyOf(hash));
    if (layer === undefined || layer === this.#head || layer === this.#target) return;
    if (this.#target?.descendsFrom(layer)) return;
    for (const other of this.#layers.values()) if (other.descendsFrom(layer)) this.#drop(other);
  }

  /** Whether enough states are in memory below that of a block to be worth a commit. */
  isCommitDue(hash: Uint8Array): boolean {
    let blocks = 0;
    let bytes = 0;
    let layer = this.#layers.get(keyOf(hash));
    for (; layer !== undefined && layer !== this.#head; layer = layer.base) {
      blocks++;
      bytes += layer.bytes;
    }
    return blocks >= this.#settings.commitBlocks || bytes >= this.#settings.commitBytes;
  }

  /**
   * Writes the state of a block to the database, which becomes the head: forwards, back to an ancestor, or to a side
   * branch. Drops all states that do not descend from it. Atomic for each of the batches, which end with whole blocks.
   *
   * @param keep newest blocks up to this one that stay in memory, with the side branches above them
   * @throws StateError `unknown-state`; `unusable`, after which the head is the last block that was written
   */
  commit(hash: Uint8Array, { keep = 0 }: { readonly keep?: number } = {}): Promise<void> {
    const done = this.#commits.then(() => this.#commit(hash, keep));
    this.#commits = done.catch(() => {});
    return done;
  }

  /** Closes the database after the commits in progress; states that are not committed are lost. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return this.#commits;
    this.#isClosed = true;
    this.#commits = this.#commits.then(() => this.#database.close());
    return this.#commits;
  }

  async #commit(hash: Uint8Array, keep: number): Promise<void> {
    if (this.#hasFailed) await this.#recover();
    await this.#commitFarAncestors(hash);
    let target = this.#expect(hash);
    for (let kept = 0; kept < keep && target.step?.type === 'forward' && target !== this.#head; kept++) {
      target = target.base as StateLayer;
    }
    await this.#commitState(target);
  }

  /** Goes back in steps while the target is more blocks below the head than are to be in memory. */
  async #commitFarAncestors(hash: Uint8Array): Promise<void> {
    const step = Math.max(1, this.#settings.maxStates >> 2);
    const number = this.#history.numberOf(hash);
    if (number === undefined) return;
    while (this.#head.number - number > step) {
      const next = this.#history.at(this.#head.number - step) as BlockRef;
      await this.#commitState(this.#expect(next.hash));
    }
  }

  async #commitState(target: StateLayer): Promise<void> {
    const path: StateLayer[] = [];
    for (let layer = target; layer !== this.#head; layer = layer.base as StateLayer) path.unshift(layer);
    if (path.length === 0) return;
    for (const layer of this.#layers.values()) if (!layer.descendsFrom(target)) layer.isLive = false;
    this.#target = target;
    try {
      for (const layers of inBatches(path, this.#settings.commitBytes)) await this.#write(layers);
    } finally {
      this.#target = undefined;
      // After a failure the rest of the path is above the head still.
      for (const layer of this.#layers.values()) {
        if (layer.descendsFrom(this.#head)) layer.isLive = true;
        else this.#drop(layer);
      }
    }
    await this.#sweeper.sweep(this.#history.firstDifference);
  }

  /** Writes successive layers, of which the first is above the head. */
  async #write(layers: readonly StateLayer[]): Promise<void> {
    const head = layers.at(-1) as StateLayer;
    const { number, hash, stateRoot } = head;
    const batch = this.#database.batch();
    writeFlat(batch, layers);
    const undone: BlockRef[] = [];
    const added: BlockRef[] = [];
    for (const layer of layers) {
      writeStep(batch, layer);
      if (layer.step?.type === 'back') undone.push(layer.step.undone);
      else added.push({ number: layer.number, hash: layer.hash });
    }
    const plan = this.#history.plan(undone, added, this.#settings.historyDepth, pruneLimit);
    for (const block of plan.pruned) batch.del(differenceKey(block));
    writeHead(batch, { number, hash, stateRoot, nextStorageId: this.#nextStorageId });
    await this.#writeBatch(batch);
    this.#history.follow(plan);
    this.#bytes -= head.bytes;
    head.becomeLowest();
    this.#head = head;
    this.#sweeper.noteDropped(layers);
  }

  async #writeBatch(batch: StateBatch): Promise<void> {
    try {
      await batch.write();
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }

  /** Opens the database again after a failed write, of which it has either all changes or none. */
  async #recover(): Promise<void> {
    await this.#database.reopen();
    const { head, blocks } = await readPosition(this.#database);
    this.#hasFailed = false;
    await this.#sweeper.prepare();
    if (keyOf(head.hash) === this.#head.key) return;
    for (const layer of this.#layers.values()) this.#drop(layer);
    this.#head = new StateLayer(head, noChanges(head.stateRoot));
    this.#layers.set(this.#head.key, this.#head);
    this.#history = new StateHistory(blocks);
    this.#nextStorageId = Math.max(this.#nextStorageId, head.nextStorageId);
  }

  /** The state of a block; that of an ancestor of the head is computed if it is not in memory. */
  #find(hash: Uint8Array): StateLayer | undefined {
    const layer = this.#layers.get(keyOf(hash));
    if (layer?.isLive) return layer;
    if (layer === undefined && this.#history.numberOf(hash) === undefined) return undefined;
    if (this.#target !== undefined) {
      throw new StateError(
        'busy',
        `the state of block 0x${toHex(hash)} cannot be read during the commit of another block`,
      );
    }
    return this.#goBack(hash);
  }

  #expect(hash: Uint8Array): StateLayer {
    const layer = this.#find(hash);
    if (layer === undefined)
      throw new StateError('unknown-state', `the state of block 0x${toHex(hash)} is not available`);
    return layer;
  }

  /** Adds the states from the head back to an ancestor. */
  #goBack(hash: Uint8Array): StateLayer {
    const wanted = keyOf(hash);
    let state = this.#head;
    for (const block of this.#history.descending()) {
      if (state.key === wanted) break;
      const record = this.#database.get(differenceKey(block));
      const difference = record && decodeDifference(record);
      const what = `the difference of block ${block.number}`;
      const parent = this.#history.at(block.number - 1);
      if (difference === undefined || parent === undefined || !equalBytes(parent.hash, difference.parentHash)) {
        throw this.#reads.corrupt(what);
      }
      const known = this.#layers.get(keyOf(parent.hash));
      if (known !== undefined) {
        state = known;
        continue;
      }
      this.#reads.follow(state);
      const changes = computeUndo(state, difference, this.#context);
      if (changes === undefined) throw this.#reads.corrupt(what);
      const layer = new StateLayer(parent, changes, state, { type: 'back', undone: block, difference });
      this.#add(layer);
      state = layer;
    }
    return state;
  }

  /** Adds a state, and drops the oldest ones of other branches if there are too many. */
  #add(added: StateLayer): void {
    this.#layers.set(added.key, added);
    this.#bytes += added.bytes;
    const { maxStates, maxStateBytes } = this.#settings;
    const isFull = (): boolean => this.#layers.size > maxStates || this.#bytes > maxStateBytes;
    if (!isFull()) return;
    for (const layer of this.#layers.values()) {
      if (!isFull()) return;
      if (added.descendsFrom(layer) || this.#target?.descendsFrom(layer)) continue;
      for (const other of this.#layers.values()) if (other.descendsFrom(layer)) this.#drop(other);
    }
    if (!isFull()) return;
    const { size } = this.#layers;
    this.#drop(added);
    throw new StateError('too-many-states', `${size} states of ${this.#bytes} bytes are not committed`);
  }

  #drop(layer: StateLayer): void {
    if (!this.#layers.delete(layer.key)) return;
    layer.isLive = false;
    this.#bytes -= layer.bytes;
  }
}

/** Splits layers into batches of about `limit` bytes. */
function inBatches(layers: readonly StateLayer[], limit: number): StateLayer[][] {
  const batches: StateLayer[][] = [];
  let batch: StateLayer[] = [];
  let bytes = 0;
  for (const layer of layers) {
    if (batch.length > 0 && bytes + layer.bytes > limit) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(layer);
    bytes += layer.bytes;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
