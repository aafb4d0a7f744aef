import type { BlockRef } from '../../storage/schema.ts';
import type { AccountRecord } from './account-record.ts';
import type { Difference } from './difference.ts';
import { keyOf } from './keys.ts';
import type { ChangedNodes } from './trie.ts';
import type { TrieNode } from './trie-node.ts';

/** Changes from one state to another, by keys; see `keys.ts`. */
export interface LayerChanges {
  readonly stateRoot: Uint8Array;
  /** `null` for an account that does not exist. */
  readonly accounts: Map<string, AccountRecord | null>;
  readonly slots: Map<string, bigint>;
  readonly nodes: ChangedNodes;
  readonly code: Map<string, Uint8Array>;
  /** Memory of the changes, about. */
  readonly bytes: number;
}

/** The way from the state beneath a layer to the layer's state. */
export type LayerStep =
  /** The layer's block is executed; its difference leads back. */
  | { readonly type: 'forward'; readonly difference: Difference }
  /** A block is undone by its difference, and the layer's block is its parent. */
  | { readonly type: 'back'; readonly undone: BlockRef; readonly difference: Difference };

/** The state after a block, as changes of the state beneath it; the lowest layer is the state in the database. */
export class StateLayer {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly key: string;
  readonly stateRoot: Uint8Array;
  readonly step: LayerStep | undefined;
  /** The state that the changes apply to; absent for the one in the database. */
  base: StateLayer | undefined;
  accounts: ReadonlyMap<string, AccountRecord | null>;
  slots: ReadonlyMap<string, bigint>;
  nodes: ReadonlyMap<string, TrieNode | null>;
  code: ReadonlyMap<string, Uint8Array>;
  bytes: number;
  /** Whether the state can be read. */
  isLive = true;

  constructor({ number, hash }: BlockRef, changes: LayerChanges, base?: StateLayer, step?: LayerStep) {
    this.number = number;
    this.hash = hash;
    this.key = keyOf(hash);
    this.stateRoot = changes.stateRoot;
    this.accounts = changes.accounts;
    this.slots = changes.slots;
    this.nodes = changes.nodes;
    this.code = changes.code;
    this.bytes = changes.bytes;
    this.base = base;
    this.step = step;
  }

  /** Makes this the lowest layer, after its changes were written. */
  becomeLowest(): void {
    this.base = undefined;
    this.accounts = new Map();
    this.slots = new Map();
    this.nodes = new Map();
    this.code = new Map();
    this.bytes = 0;
  }

  /** Whether the state is built on another one, or is that state. */
  descendsFrom(other: StateLayer): boolean {
    for (let layer: StateLayer | undefined = this; layer !== undefined; layer = layer.base) {
      if (layer === other) return true;
    }
    return false;
  }
}

/** Changes of nothing. */
export function noChanges(stateRoot: Uint8Array): LayerChanges {
  return { stateRoot, accounts: new Map(), slots: new Map(), nodes: new Map(), code: new Map(), bytes: 0 };
}
