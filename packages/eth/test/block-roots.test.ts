import { fromHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { RlpError } from '@devp2p/rlp';
import { RLP } from '@ethereumjs/rlp';
import { describe, expect, test } from 'vitest';
import {
  bodyMatches,
  decodeBody,
  decodeHeader,
  type Header,
  RawList,
  receiptsMatch,
  transactionsOf,
} from '../src/index.ts';
import { removeBlooms } from '../src/wire/receipt-encoding.ts';
import { filled } from './memory-chain.ts';
import vectors from './vectors/blocks.json' with { type: 'json' };

const blocks = vectors.blocks.flatMap(({ header, body, receipts }) => {
  if (body === null || receipts === null) return [];
  const wire68 = RLP.encode(
    receipts.map(fromHex).map((receipt) => ((receipt[0] as number) < 0x80 ? receipt : RLP.decode(receipt))),
  );
  return [
    {
      header: decodeHeader(fromHex(header), crypto),
      body: decodeBody(fromHex(body)),
      receipts: removeBlooms(wire68),
    },
  ];
});

describe('the blocks of the ethtest chain', () => {
  test('ND-06 bodies and receipts belong to their headers and to no others', () => {
    for (const [i, { header, body, receipts }] of blocks.entries()) {
      expect(bodyMatches(header, body)).toBe(true);
      expect(receiptsMatch(header, receipts)).toBe(true);
      const other = blocks.find(({ header: { transactionsRoot } }, j) => {
        return j > i && Buffer.compare(transactionsRoot, header.transactionsRoot) !== 0;
      });
      if (other === undefined) continue;
      expect(bodyMatches(header, other.body)).toBe(false);
      expect(receiptsMatch(header, other.receipts)).toBe(false);
    }
  });

  test('ND-06 each root counts', () => {
    const { header, body, receipts } = blocks.at(-1) as (typeof blocks)[number];
    const wrong = filled(32, 1);
    const changes: readonly Partial<Header>[] = [
      { transactionsRoot: wrong },
      { unclesHash: wrong },
      { withdrawalsRoot: wrong },
    ];
    for (const change of changes) expect(bodyMatches({ ...header, ...change }, body)).toBe(false);
    const { withdrawalsRoot: _, ...before } = header;
    expect(bodyMatches(before, body)).toBe(false);
    const { transactions, uncles } = body;
    expect(bodyMatches(header, { transactions, uncles })).toBe(false);
    expect(bodyMatches(header, { ...body, transactions: transactionsOf([...transactions].slice(1)) })).toBe(false);
    expect(receiptsMatch({ ...header, receiptsRoot: wrong }, receipts)).toBe(false);
    expect(receiptsMatch({ ...header, logsBloom: filled(256, 1) }, receipts)).toBe(false);
    expect(() => receiptsMatch(header, RawList.of([Uint8Array.of(0xc0)]))).toThrow(RlpError);
  });
});
