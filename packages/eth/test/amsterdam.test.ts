import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { decode, encode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { ReceiptsDownload } from '../src/client/receipts-download.ts';
import { decodeHeader, encodeReceipts, headerCodec, type Receipt, receiptList } from '../src/index.ts';
import { block, filled, MemoryChain, simpleReceipt } from './memory-chain.ts';
import { attack, connect } from './peers.ts';
import vectors from './vectors/amsterdam.json' with { type: 'json' };

const KiB = 1024;
const blockAccessListHash = filled(32, 0xba);

const receipt = (cumulativeGas: number, logBytes = 0): Receipt => ({
  ...simpleReceipt,
  cumulativeGas,
  logs: logBytes === 0 ? [] : [{ address: filled(20, 1), topics: [], data: filled(logBytes, 1) }],
});
const list = (...receipts: Receipt[]) => decode(receiptList, encodeReceipts(receipts));

test('FK-04 headers of go-ethereum end with the hash of the access list and the slot number', () => {
  const [prague, first, second] = vectors.headers.map((raw) => decodeHeader(fromHex(raw), nobleCrypto));
  expect(prague).not.toHaveProperty('blockAccessListHash');
  expect(prague).not.toHaveProperty('slotNumber');
  expect(first?.blockAccessListHash).toHaveLength(32);
  expect([first?.slotNumber, second?.slotNumber]).toEqual([0, 1]);
  // Each is the parent of the next, so the hashes are also those of go-ethereum.
  expect(toHex(first?.parentHash ?? filled(0, 0))).toBe(toHex(prague?.hash ?? filled(1, 0)));
  expect(toHex(second?.parentHash ?? filled(0, 0))).toBe(toHex(first?.hash ?? filled(1, 0)));
  for (const header of [prague, first, second]) {
    expect(toHex(encode(headerCodec, header as NonNullable<typeof header>))).toBe(toHex(header?.raw ?? filled(0, 0)));
  }
});

describe('FK-08 two nodes on eth/70', () => {
  // 14 MiB of logs, and receipts with almost twice the gas of the header.
  const gasUsed = 140_000_000;
  const receipts = Array.from({ length: 140 }, (_, i) => receipt(1_950_000 * (i + 1), 100 * KiB));
  const chain = new MemoryChain(2);
  const fields = { gasUsed, slotNumber: 3, blobGasUsed: 0, excessBlobGas: 0 };
  const roots = { parentBeaconBlockRoot: filled(32, 1), requestsHash: filled(32, 2) };
  chain.blocks.push(block(chain.blocks.at(-1), receipts, { ...fields, ...roots, blockAccessListHash }));
  const header = chain.blocks.at(-1)?.header as NonNullable<MemoryChain['blocks'][0]>['header'];

  test('FK-08 a block whose receipts exceed the gas of its header is downloaded in pieces', async () => {
    const { clock, left } = await connect({ chain }, { chain });
    const response = left.eth.getReceipts([header], {
      verify: ({ raw }) => toHex(raw) === toHex(encodeReceipts(receipts)),
    });
    await clock.advance(0);
    expect((await response).map(({ length }) => length)).toEqual([140]);
    const sent = left.stats.protocols.find(({ name }) => name === 'eth');
    expect(sent?.codes.find(({ code }) => code === 0x0f)?.sent.messages).toBe(2);
  });

  test('FK-08 before Amsterdam the same response ends the peer', async () => {
    const { clock, left } = await connect({ chain }, { chain });
    const pending = left.eth.getReceipts([{ hash: header.hash, gasUsed }]);
    const failed = expect(pending).rejects.toMatchObject({ code: 'invalid-response' });
    await clock.advance(3000);
    await failed;
    expect((await left.closed).reason).toBe('breach-of-protocol');
  });
});

describe('FK-08 pieces of an Amsterdam block', () => {
  const gasUsed = 90_000;
  const request = { hash: filled(32, 1), gasUsed, blockAccessListHash };

  test.each<[string, Receipt[]]>([
    ['gas below that of the header', [receipt(10_000)]],
    ['gas above that of the header', [receipt(90_001), receipt(179_999)]],
    ['the most receipts that the gas allows', Array.from({ length: 20 }, (_, i) => receipt(i + 1))],
    ['the longest logs that the gas allows', [receipt(90_000, 90_000 / 8 - 64)]],
  ])('FK-08 may have %s', (_, receipts) => {
    const download = new ReceiptsDownload([request]);
    expect(download.add([list(...receipts)], true)).toBe(true);
  });

  test.each<[string, Receipt[]]>([
    ['decreasing gas', [receipt(5), receipt(4)]],
    ['a receipt too many', Array.from({ length: 21 }, (_, i) => receipt(i + 1))],
    ['longer logs than the gas allows', [receipt(90_000, 90_000 / 8 + 64)]],
  ])('FK-08 may not have %s', (_, receipts) => {
    const download = new ReceiptsDownload([request]);
    expect(() => download.add([list(...receipts)], true)).toThrow(
      expect.objectContaining({ code: 'invalid-response' }),
    );
  });

  test('FK-08 before Amsterdam the limit of logs is twice as high, because of refunds', () => {
    const { blockAccessListHash: _, ...before } = request;
    const logs = list(receipt(90_000, 90_000 / 8 + 64));
    expect(new ReceiptsDownload([before]).add([logs], true)).toBe(true);
  });
});

test('HX-15 an endless sequence of pieces of an Amsterdam block ends the peer', async () => {
  const attacked = await attack();
  const pending = attacked.peer.eth
    .getReceipts([{ hash: filled(32, 1), gasUsed: 45_000, blockAccessListHash }])
    .catch((error) => error.code);
  const { codec } = attacked.version.messages.getReceipts;
  for (let i = 0; i < 11; i++) {
    const request = await attacked.next();
    const { requestId, firstBlockReceiptIndex } = decode(codec, request?.payload as Uint8Array);
    expect(firstBlockReceiptIndex).toBe(i);
    const items = [list(receipt(i + 1)).raw];
    await attacked.sendMessage('receipts', { requestId, items, lastBlockIncomplete: true });
  }
  expect(await pending).toBe('invalid-response');
  expect((await attacked.end()).reason).toBe('breach-of-protocol');
});
