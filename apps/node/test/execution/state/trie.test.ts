import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createMPT } from '@ethereumjs/mpt';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfKey, keyOf } from '../../../src/execution/state/keys.ts';
import { type ChangedNodes, TrieUpdater } from '../../../src/execution/state/trie.ts';
import { branchRef, scratchLength } from '../../../src/execution/state/trie-hash.ts';
import { isTrieNode, singleLeafKey, type TrieNode } from '../../../src/execution/state/trie-node.ts';

/** A trie with its nodes in a map, and a plain map of its entries. */
class TestTrie {
  readonly #updater = new TrieUpdater<Uint8Array>(crypto, (out, start, value) => {
    out.set(value, start);
    return start + value.length;
  });
  readonly entries = new Map<string, Uint8Array>();
  readonly nodes = new Map<string, TrieNode>();
  root: Uint8Array | undefined;

  update(changes: ReadonlyMap<string, Uint8Array | undefined>): void {
    const keys = [...changes.keys()].sort();
    const changed: ChangedNodes = new Map();
    const source = {
      prefix: '',
      root: this.root,
      node: (path: string, ref: string) => {
        const node = this.nodes.get(path);
        if (node === undefined) throw new Error(`no node at ${Buffer.from(path, 'latin1').toString('hex')}`);
        if (singleLeafKey(node) === undefined) {
          const found = branchRef(node, crypto, new Uint8Array(scratchLength));
          if (path !== '' || found.length === 32) expect(keyOf(found)).toBe(ref);
        }
        return node;
      },
      value: (key: string) => this.entries.get(key) as Uint8Array,
    };
    this.root = this.#updater.update(source, { keys, values: keys.map((key) => changes.get(key)) }, changed);
    for (const [path, node] of changed) {
      if (node === null) this.nodes.delete(path);
      else this.nodes.set(path, node);
    }
    for (const [key, value] of changes) {
      if (value === undefined) this.entries.delete(key);
      else this.entries.set(key, value);
    }
  }
}

async function expectedRoot(entries: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array | undefined> {
  if (entries.size === 0) return undefined;
  const trie = await createMPT({ common: { customCrypto: { keccak256: crypto.keccak256 } } as never });
  for (const [key, value] of entries) await trie.put(bytesOfKey(key), value);
  return trie.root();
}

/** Keys that share long prefixes, so that extensions of all lengths and embedded nodes occur. */
const key = fc
  .tuple(
    fc.constantFrom('00', '01', '10', '1f', 'f0', 'ff'),
    fc.constantFrom('', '0'.repeat(20), '0'.repeat(57), '0'.repeat(58), `${'0'.repeat(30)}1`, '123456789'),
    fc.constantFrom('', '0', '1', 'f'),
    fc.constantFrom('0', '1', '2', 'f'),
  )
  .map(([first, middle, second, last]) =>
    keyOf(Buffer.from(`${(first + middle + second).slice(0, 63).padEnd(63, '0')}${last}`, 'hex')),
  );
const value = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.uint8Array({ minLength: 1, maxLength: 110 }),
);
const batches = fc.array(fc.array(fc.tuple(key, value), { maxLength: 12 }), { minLength: 1, maxLength: 10 });

test('ND-07 a trie that is updated block by block has the root of one that is built at once', async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (updates) => {
      const trie = new TestTrie();
      for (const update of updates) {
        trie.update(new Map(update));
        expect(trie.root).toEqual(await expectedRoot(trie.entries));
        for (const node of trie.nodes.values()) expect(isTrieNode(node)).toBe(true);
        // Updating from the beginning stores the same nodes: no removed one is left.
        const fresh = new TestTrie();
        fresh.update(trie.entries);
        expect(new Map([...trie.nodes].sort())).toEqual(new Map([...fresh.nodes].sort()));
      }
    }),
    { numRuns: 150 },
  );
});
