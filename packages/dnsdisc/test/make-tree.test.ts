import { fromHex } from '@devp2p/bytes';
import { CryptoError } from '@devp2p/crypto';
import { formatEnr, parseEnr, signEnr } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { DnsdiscError, formatTreeUrl, makeTree, type NodeTree, parseTreeUrl, txtStrings } from '../src/index.ts';
import { hashMatches, parseEntry, parseRoot, verifyRoot } from '../src/tree/entry.ts';
import geth from './vectors/go-ethereum.json' with { type: 'json' };
import { key, records, SIGNER } from './zone.ts';

const LINKS = Array.from({ length: 20 }, (_, i) =>
  formatTreeUrl({ publicKey: parseTreeUrl(geth.url).publicKey, domain: `l${i}.example.org` }),
);

/** Returns the leaves below a hash, depth first, and checks each branch. */
function leaves(tree: NodeTree, hash: string): string[] {
  const text = tree.entries.get(hash) ?? expect.fail(`nothing under ${hash}`);
  expect(hashMatches(hash, text)).toBe(true);
  const entry = parseEntry(text);
  return entry.type === 'branch' ? entry.children.flatMap((child) => leaves(tree, child)) : [text];
}

describe('D4-23 makeTree', () => {
  test('creates the same tree as go-ethereum, including the signature', () => {
    const texts: string[] = Object.values(geth.zone);
    const tree = makeTree(
      texts.filter((text) => text.startsWith('enr:')).map((text) => parseEnr(text)),
      texts.filter((text) => text.startsWith('enrtree://')),
      { seq: BigInt(geth.seq), privateKey: fromHex(geth.private_key) },
    );
    const domain = 'nodes.example.org';
    expect({
      [domain]: tree.root,
      ...Object.fromEntries([...tree.entries].map(([hash, text]) => [`${hash}.${domain}`, text])),
    }).toEqual(geth.zone);
    expect(formatTreeUrl({ publicKey: tree.publicKey, domain })).toBe(geth.url);
  });

  const nodes = records(200);
  test.each([
    [0, 0],
    [1, 1],
    [2, 0],
    [13, 13],
    [14, 14],
    [40, 20],
    [170, 2],
    [200, 1],
  ])('holds %d records and %d links, all of them and nothing else', (count, links) => {
    const tree = makeTree(nodes.slice(0, count), LINKS.slice(0, links), {
      seq: 9n,
      privateKey: SIGNER,
    });
    const root = parseRoot(tree.root);
    expect(root.seq).toBe(9n);
    expect(verifyRoot(root, tree.publicKey)).toBe(true);
    const found = [leaves(tree, root.enrRoot), leaves(tree, root.linkRoot)];
    expect(found[0]?.sort()).toEqual(nodes.slice(0, count).map(formatEnr).sort());
    expect(found[1]?.sort()).toEqual(LINKS.slice(0, links).sort());
  });

  test('limits branches to 370 characters, and each response to a DNS message of 512 bytes', () => {
    const full = records(30).map((_, i) =>
      // Records of the largest size, 300 bytes.
      signEnr({ pairs: { x: Uint8Array.of(0xb8, 177, ...new Uint8Array(177)) } }, key(i + 1)),
    );
    expect(full[0]?.bytes.length).toBe(300);
    const { root, entries } = makeTree(full, LINKS, { seq: 2n ** 64n - 1n, privateKey: SIGNER });
    const domain = `${'a'.repeat(37)}.example.org`;
    expect(domain.length).toBe(49);
    for (const [label, text] of [['', root], ...entries] as const) {
      if (text.startsWith('enrtree-branch:')) expect(text.length).toBeLessThanOrEqual(370);
      const name = label === '' ? domain : `${label}.${domain}`;
      const data = txtStrings(text).reduce((sum, string) => sum + 1 + string.length, 0);
      // Header, question, and a record whose name is a pointer.
      expect(12 + (name.length + 2 + 4) + (12 + data)).toBeLessThanOrEqual(512);
    }
  });

  test('does not depend on the order of records and links', () => {
    const options = { seq: 1n, privateKey: SIGNER };
    const tree = makeTree(nodes.slice(0, 30), LINKS, options);
    expect(makeTree(nodes.slice(0, 30).reverse(), [...LINKS].reverse(), options)).toEqual(tree);
  });

  test('keeps the newest record of a node, and each link once, in any spelling', () => {
    const old = signEnr({ tcp: 1 }, key(1), { seq: 1n });
    const newer = signEnr({ tcp: 2 }, key(1), { seq: 2n });
    const [link = ''] = LINKS;
    const options = { seq: 1n, privateKey: SIGNER };
    const tree = makeTree([newer, old], [link, link.replace('example', 'EXAMPLE')], options);
    expect([...tree.entries.values()].sort()).toEqual([formatEnr(newer), link].sort());
  });

  test('refuses an invalid link, sequence number or key', () => {
    const privateKey = SIGNER;
    expect(() => makeTree([], ['https://x.org'], { seq: 1n, privateKey })).toThrow(DnsdiscError);
    for (const seq of [-1n, 2n ** 64n]) {
      expect(() => makeTree([], [], { seq, privateKey })).toThrow(/^seq is .*n, expected a bigint from 0n to/);
    }
    expect(() => makeTree([], [], { seq: 1n, privateKey: new Uint8Array(32) })).toThrow(CryptoError);
  });
});

test('D4-23 txtStrings splits into strings of 255 bytes', () => {
  for (const length of [0, 1, 254, 255, 256, 510, 511]) {
    const text = 'x'.repeat(length);
    const strings = txtStrings(text);
    expect(strings.join('')).toBe(text);
    expect(strings.map((string) => string.length).slice(0, -1)).toEqual(
      Array(Math.max(0, Math.ceil(length / 255) - 1)).fill(255),
    );
    expect(strings.at(-1)?.length).toBeLessThanOrEqual(255);
  }
});
