import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { StackTrie } from '@devp2p/eth';
import type { Level } from 'level';
import { type AccountRecord, decodeAccount, writeAccountRlp } from '../../../src/execution/state/account-record.ts';
import { writeRlpInteger } from '../../../src/execution/state/integers.ts';
import { keyOf, storageKey } from '../../../src/execution/state/keys.ts';
import { sublevels } from '../../../src/execution/state/schema.ts';
import { type ChangedNodes, TrieUpdater, type WriteValue } from '../../../src/execution/state/trie.ts';
import { emptyTrieRoot } from '../../../src/validation/empty-roots.ts';

type Database = Level<Uint8Array, Uint8Array>;

async function entriesOf(level: Database, kind: 'accounts' | 'slots' | 'nodes'): Promise<Map<string, Uint8Array>> {
  const { from, to } = sublevels[kind].all;
  const entries = await level.iterator({ gte: from, lt: to }).all();
  return new Map(entries.map(([key, value]) => [keyOf(key).slice(from.length), new Uint8Array(value)]));
}

/** The nodes and the root of a trie that is built at once; the root is that of the other trie too. */
function build<V>(
  values: ReadonlyMap<string, V>,
  prefix: string,
  write: WriteValue<V>,
): { nodes: ChangedNodes; root: Uint8Array | undefined } {
  const keys = [...values.keys()].sort();
  const nodes: ChangedNodes = new Map();
  const missing = (): never => {
    throw new Error('an empty trie has no nodes');
  };
  const source = { prefix, root: undefined, node: missing, value: missing };
  const root = new TrieUpdater<V>(crypto, write).update(
    source,
    { keys, values: keys.map((key) => values.get(key)) },
    nodes,
  );
  const stack = new StackTrie(crypto);
  for (const key of keys) {
    const out = new Uint8Array(200);
    const value = out.slice(0, write(out, 0, values.get(key) as V));
    stack.insert(new Uint8Array(Buffer.from(key, 'latin1')), value);
  }
  if (Buffer.compare(stack.root(), root ?? emptyTrieRoot) !== 0) throw new Error('two roots of one trie');
  return { nodes, root };
}

/**
 * The state root of the flat accounts and slots in a database, computed from the beginning. The stored nodes have to be
 * those of the tries, except for nodes and slots of storages that no account has.
 */
export async function storedRoot(level: Database): Promise<Uint8Array> {
  const slots = await entriesOf(level, 'slots');
  const nodes = await entriesOf(level, 'nodes');
  const accounts = new Map<string, AccountRecord>();
  for (const [key, value] of await entriesOf(level, 'accounts'))
    accounts.set(key, decodeAccount(value) as AccountRecord);
  const expected = new Map<string, string>();
  const keep = (found: ChangedNodes): void => {
    for (const [path, node] of found) if (node !== null) expected.set(path, node);
  };
  const live = new Set<string>();
  for (const { storageId, storageRoot } of accounts.values()) {
    if (storageId === 0) continue;
    const prefix = storageKey(storageId);
    live.add(prefix);
    const values = new Map<string, bigint>();
    for (const [key, value] of slots) {
      if (key.startsWith(prefix))
        values.set(key.slice(prefix.length), BigInt(`0x${Buffer.from(value).toString('hex')}`));
    }
    const built = build(values, prefix, writeRlpInteger);
    if (keyOf(built.root ?? new Uint8Array(0)) !== keyOf(storageRoot ?? new Uint8Array(0))) {
      throw new Error(`the slots of storage ${storageId} do not have its root`);
    }
    keep(built.nodes);
  }
  const { nodes: accountNodes, root } = build(accounts, '', writeAccountRlp);
  keep(accountNodes);
  for (const [path, node] of nodes) {
    const isDropped = path.charCodeAt(0) >= 0x80 && !live.has(path.slice(0, 7));
    if (!isDropped && expected.get(path) !== keyOf(node))
      throw new Error(`node ${Buffer.from(path, 'latin1').toString('hex')}`);
    expected.delete(path);
  }
  if (expected.size > 0) throw new Error(`${expected.size} nodes are missing`);
  return root ?? emptyTrieRoot;
}
