import { encode } from '@devp2p/rlp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBlockGossip } from '../src/index.ts';
import { TreeChain } from './gossip-world.ts';
import { MemoryChain } from './memory-chain.ts';
import { attack } from './peers.ts';

const chain = new MemoryChain(20);

test.each([
  [68, false],
  [69, false],
  [70, false],
  [70, true],
])(
  'HX-19 eth/%i, with block exchange %s: any message to a running peer gets a response, is dropped, or is a breach',
  async (version, exchangesBlocks) => {
    const codes = fc.integer({ min: 0, max: version < 69 ? 16 : 17 });
    const message = fc.tuple(codes, fc.uint8Array({ maxLength: 100 }));
    const outcomes = new Set<string | undefined>();
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 5 }), async (messages) => {
        const blocks = exchangesBlocks ? createBlockGossip({ chain: new TreeChain(20) }) : undefined;
        const attacked = await attack({ chain, version, blocks });
        // A pending request for the responses.
        const pending = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }).catch(() => {});
        for (const [code, payload] of messages) await attacked.send(code, payload);
        await attacked.peer.disconnect('requested');
        const { code, reason } = await attacked.end();
        expect([
          [undefined, 'requested'],
          ['malformed-message', 'breach-of-protocol'],
          ['unexpected-message', 'breach-of-protocol'],
          ['invalid-range', 'breach-of-protocol'],
          ['unknown-request', 'breach-of-protocol'],
        ]).toContainEqual([code, reason]);
        outcomes.add(code);
        await pending;
        expect(attacked.clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
    expect(outcomes).toContain('malformed-message');
    expect(outcomes).toContain('unexpected-message');
    expect(chain.listeners).toBe(0);
  },
);

test.each([68, 69, 70])('HX-18 eth/%i: every truncation of every request ends only its peer', async (version) => {
  const { version: format } = await attack({ chain, version });
  const hashes = [chain.hashOf(1), chain.hashOf(2)];
  const query = { origin: 1n, amount: 2n, skip: 0n, reverse: false };
  const { getBlockHeaders, getReceipts, newPooledTransactionHashes } = format.messages;
  const requests: [number, Uint8Array][] = [
    [getBlockHeaders.code, encode(getBlockHeaders.codec, { requestId: 300n, query })],
    [getReceipts.code, encode(getReceipts.codec, { requestId: 300n, firstBlockReceiptIndex: 0, hashes })],
    [
      newPooledTransactionHashes.code,
      encode(newPooledTransactionHashes.codec, {
        types: Uint8Array.of(2),
        sizes: [300],
        hashes: hashes.slice(1),
      }),
    ],
  ];
  for (const [code, payload] of requests) {
    for (let length = 0; length < payload.length; length++) {
      const attacked = await attack({ chain, version });
      await attacked.send(code, payload.slice(0, length));
      expect((await attacked.end()).code).toBe('malformed-message');
    }
  }
});
