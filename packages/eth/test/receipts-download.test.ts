import { toHex } from '@devp2p/bytes';
import { decode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { ReceiptsDownload } from '../src/client/receipts-download.ts';
import { encodeReceipts, type RawList, type Receipt, type ReceiptsRequest, receiptList } from '../src/index.ts';
import { block, filled, MemoryChain, simpleReceipt } from './memory-chain.ts';
import { attack, codeOf, connect } from './peers.ts';

const KiB = 1024;

const receipt = (index: number, fields: Partial<Receipt> = {}): Receipt => ({
  ...simpleReceipt,
  cumulativeGas: 1_000_000 * (index + 1),
  ...fields,
});
const receipts = (from: number, to: number, fields: Partial<Receipt> = {}): RawList =>
  decode(receiptList, encodeReceipts(Array.from({ length: to - from }, (_, i) => receipt(from + i, fields))));

describe('ET-08 two nodes on eth/70', () => {
  const chain = new MemoryChain(3);
  const logs = [{ address: filled(20, 1), topics: [], data: filled(200 * KiB, 1) }];
  const large = Array.from({ length: 150 }, (_, i) => receipt(i, { logs, cumulativeGas: (i + 1) * 2_000_000 }));
  chain.blocks.push(block(chain.blocks.at(-1), large, { gasUsed: 300_000_000 }));
  chain.blocks.push(block(chain.blocks.at(-1), [simpleReceipt]));
  const blocks = chain.blocks.map(({ header }) => header);

  test('ET-08 a block with 29 MiB of receipts is downloaded completely, among others', async () => {
    const { clock, left } = await connect({ chain }, { chain });
    const verified: number[] = [];
    const response = left.eth.getReceipts(blocks, {
      verify: (list, index) => {
        verified.push(index);
        return Buffer.compare(list.raw, chain.blocks[index]?.receipts as Uint8Array) === 0;
      },
    });
    await clock.advance(0);
    const lists = await response;
    // The last piece is longer than 2 MiB, so the next block takes another request.
    expect(lists.map((list) => list.length)).toEqual([0, 1, 1, 150]);
    expect(verified).toEqual([0, 1, 2, 3]);
    const sent = left.stats.protocols.find(({ name }) => name === 'eth');
    expect(sent?.codes.find(({ code }) => code === 0x0f)?.sent.messages).toBe(3);
  });

  test('ET-08 before eth/70 such a block cannot be downloaded', async () => {
    const { clock, left } = await connect({ chain, versions: [69] }, { chain });
    const response = left.eth.getReceipts(blocks.slice(2));
    await clock.advance(0);
    expect(await response).toHaveLength(1);
  });
});

describe('ET-08 the pieces of a download', () => {
  const [a, b, c] = [1, 2, 3].map((byte) => ({ hash: filled(32, byte), gasUsed: 10_000_000 })) as [
    ReceiptsRequest,
    ReceiptsRequest,
    ReceiptsRequest,
  ];

  test('ET-08 are joined across messages, and requested from the first missing receipt on', () => {
    const download = new ReceiptsDownload([a, b, c]);
    expect([download.missing, download.firstReceipt]).toEqual([[a.hash, b.hash, c.hash], 0]);
    expect(download.add([receipts(0, 2), receipts(0, 3)], true)).toBe(true);
    expect([download.missing, download.firstReceipt]).toEqual([[b.hash, c.hash], 3]);
    expect(download.add([receipts(3, 4)], true)).toBe(true);
    expect([download.missing, download.firstReceipt]).toEqual([[b.hash, c.hash], 4]);
    expect(download.add([receipts(4, 6), receipts(0, 1)], true)).toBe(true);
    expect([download.missing, download.firstReceipt]).toEqual([[c.hash], 1]);
    expect(download.add([receipts(1, 2)], false)).toBe(false);
    expect(download.done.map(({ raw }) => toHex(raw))).toEqual(
      [receipts(0, 2), receipts(0, 6), receipts(0, 2)].map(({ raw }) => toHex(raw)),
    );
  });

  test('ET-08 complete lists are kept when the remote does not continue', () => {
    const download = new ReceiptsDownload([a, b]);
    download.add([receipts(0, 2), receipts(0, 3)], true);
    expect(download.add([], false)).toBe(false);
    expect(download.done).toHaveLength(1);
  });

  const logs = (size: number) => [{ address: filled(20, 1), topics: [], data: filled(size, 1) }];

  test.each<[string, RawList[]]>([
    ['no lists', []],
    ['an empty list', [receipts(0, 0)]],
    ['more gas than the block used', [receipts(9, 11)]],
    ['decreasing gas', [decode(receiptList, encodeReceipts([receipt(2), receipt(1)]))]],
    ['more receipts than the gas allows', [receipts(0, 2300, { cumulativeGas: 5 })]],
    ['longer logs than the gas allows', [receipts(0, 1, { logs: logs(3_000_000) })]],
  ])('ET-08 with %s are no pieces of a block', (_, lists) => {
    const download = new ReceiptsDownload([a, b]);
    expect(() => download.add(lists, true)).toThrow(expect.objectContaining({ code: 'invalid-response' }));
  });

  test('ET-08 are bounded in total, not one by one', () => {
    const download = new ReceiptsDownload([a]);
    const piece = (index: number): RawList[] => [receipts(index, index + 1, { logs: logs(800_000) })];
    for (let i = 0; i < 3; i++) expect(download.add(piece(i), true)).toBe(true);
    expect(() => download.add(piece(3), true)).toThrow('logs of');
    const backwards = new ReceiptsDownload([a]);
    backwards.add([receipts(4, 5)], true);
    expect(() => backwards.add([receipts(3, 4)], true)).toThrow('cumulative gas');
  });
});

test('ET-08 on eth/69 a block of more than 10 MiB in one message is accepted, as go-ethereum sends it', async () => {
  const logs = [{ address: filled(20, 1), topics: [], data: filled(11 * 1024 * KiB, 1) }];
  const list = receipts(0, 1, { logs });
  const attacked = await attack({ version: 69 });
  const pending = attacked.peer.eth.getReceipts([{ hash: filled(32, 1), gasUsed: 90_000_000 }]);
  const request = await attacked.next();
  const { codec } = attacked.version.messages.getReceipts;
  const { requestId } = decode(codec, request?.payload as Uint8Array);
  await attacked.sendMessage('receipts', {
    requestId,
    items: [list.raw],
    lastBlockIncomplete: false,
  });
  expect((await pending).map(({ length }) => length)).toEqual([1]);
});

test('HX-15 impossible pieces of receipts end the peer', async () => {
  const attacked = await attack();
  const pending = attacked.peer.eth
    .getReceipts([{ hash: filled(32, 1), gasUsed: 21_000 }])
    .catch((error) => codeOf(error));
  const request = await attacked.next();
  const { codec } = attacked.version.messages.getReceipts;
  const { requestId } = decode(codec, request?.payload as Uint8Array);
  await attacked.sendMessage('receipts', {
    requestId,
    items: [receipts(0, 1).raw],
    lastBlockIncomplete: true,
  });
  expect(await pending).toBe('invalid-response');
  expect((await attacked.end()).reason).toBe('breach-of-protocol');
});
