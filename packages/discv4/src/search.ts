import type { Enr } from '@devp2p/enr';
import type { Bonds } from './endpoint-proof.ts';
import { Discv4Error } from './error.ts';
import { walk } from './lookup.ts';
import { type Node, nodeFromEnr, sameEndpoint, withEnr } from './node.ts';
import type { NodeDatabase } from './node-database.ts';
import type { Settings } from './options.ts';
import { isPermitted } from './relay.ts';
import type { Requests } from './requests.ts';
import type { Table } from './table.ts';

/** Buckets with fewer nodes than this keep even those that do not answer: in a small network there is nobody else. */
const MIN_BUCKET_LOAD = 4;

/** What {@link Search} works with. */
export interface SearchParts {
  readonly settings: Settings;
  readonly self: Pick<Node, 'key'>;
  readonly table: Table;
  readonly bonds: Bonds;
  readonly database: NodeDatabase;
  readonly requests: Requests;
  /** Whether our socket can send to an IP address. */
  readonly canReach: (ip: Uint8Array) => boolean;
  /** Aborts with `closed`. */
  readonly closing: AbortSignal;
}

/** Finds nodes by asking other nodes, and keeps the table up with what they answer. */
export class Search {
  readonly #parts: SearchParts;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  /** The up to 16 nodes of the network nearest to a target. Rejects with `closed` or the signal's reason. */
  async lookup(target: Uint8Array, signal: AbortSignal | undefined): Promise<Node[]> {
    const steps = this.walk(target, signal);
    for (;;) {
      const { done, value } = await steps.next();
      signal?.throwIfAborted();
      this.#parts.closing.throwIfAborted();
      if (done) return value;
    }
  }

  /** The nodes that are met on the way to a target; see `walk`. Never rejects: when it is ended, it finds no more. */
  walk(target: Uint8Array, signal: AbortSignal | undefined): ReturnType<typeof walk> {
    const { settings, self, table } = this.#parts;
    const hash = settings.crypto.keccak256(target);
    return walk({
      target: hash,
      self,
      start: table.closest(hash, { verified: false }),
      concurrency: settings.lookupConcurrency,
      ask: (node) => this.#askInLookup(node, target, signal),
    });
  }

  /** Asks one node of a lookup, and draws conclusions for the table. */
  async #askInLookup(
    node: Node,
    target: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<readonly Node[]> {
    const { requests, bonds, database, table, settings, canReach } = this.#parts;
    let found: Node[] = [];
    try {
      found = await requests.findNode(node, target, signal);
    } catch (error) {
      if (!(error instanceof Discv4Error)) {
        if (signal?.aborted) return [];
        throw error;
      }
      // A crowd of our own requests, or our own end, says nothing about the node.
      if (error.code !== 'timeout') return [];
    }
    const bond = bonds.open(node);
    // Who is not at the port that somebody made up may well be at its own.
    const isThere = sameEndpoint(bond.node, node);
    if (isThere) {
      bond.findFailures = found.length > 0 ? 0 : bond.findFailures + 1;
      database.save(bond);
    }
    const hasFailed = isThere && bond.findFailures >= settings.maxFindFailures;
    if (hasFailed && table.bucketLoad(node) >= MIN_BUCKET_LOAD) table.remove(node.key);
    const reachable = found.filter(({ ip }) => canReach(ip));
    for (const other of reachable) table.add(other, 'relayed');
    if (reachable.length > 0) settings.onNeighbors?.(reachable, node);
    return reachable;
  }

  /** Whether a node of the table is still there, and what there is to know of it. */
  async check(node: Node): Promise<Node | undefined> {
    let enrSeq: bigint | undefined;
    try {
      ({ enrSeq } = await this.#parts.requests.ping(node));
    } catch (error) {
      if (error instanceof Discv4Error && error.code === 'timeout') return undefined;
      throw error;
    }
    if (enrSeq === undefined || enrSeq <= (node.enr?.seq ?? 0n)) return node;
    return (await this.askForRecord(node, undefined)) ?? node;
  }

  /** The node as its record has it; `undefined` when there is no answer, or a bad one. */
  async askForRecord(node: Node, signal: AbortSignal | undefined): Promise<Node | undefined> {
    const { requests, bonds, database, settings } = this.#parts;
    const { crypto, netRestrict } = settings;
    let enr: Enr;
    try {
      enr = await requests.requestEnr(node, signal);
    } catch (error) {
      if (!(error instanceof Discv4Error) || error.code === 'closed') throw error;
      return undefined;
    }
    // Another one of the same number is no newer.
    if (node.enr && enr.seq <= node.enr.seq) return node;
    const moved = nodeFromEnr(enr, crypto, node.ip.length === 4 ? 4 : 6);
    const next = moved && isPermitted(moved.ip, netRestrict) ? moved : withEnr(node, enr);
    const bond = bonds.get(node.key, node.host, node.ip);
    if (bond) {
      bond.node = withEnr(bond.node, enr);
      database.save(bond);
    }
    return next;
  }
}
