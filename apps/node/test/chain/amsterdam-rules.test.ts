import { decodeBody, type Header } from '@devp2p/eth';
import { encode, list, raw } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import type { Genesis } from '../../src/config/genesis/genesis.ts';
import { createBlockRules } from '../../src/validation/block.ts';
import { emptyListHash } from '../../src/validation/empty-roots.ts';
import { nextBaseFee } from '../../src/validation/fees.ts';
import { checkHeader } from '../../src/validation/header.ts';
import {
  type Contents,
  crypto,
  encodeFields,
  type Field,
  makeGenesis,
  nextBlock,
  nextHeader,
  plainReceipt,
} from './make-blocks.ts';

type Changes = Partial<Record<keyof Header, unknown>>;

const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
const osaka = makeGenesis('osaka');
const amsterdam = makeGenesis('amsterdam');
/** A block has room for more than the highest gas limit of a transaction. */
const roomy = makeGenesis('amsterdam', { gasLimit: 2 ** 33 });

/** The code of the error for a header and its body; `undefined` for none. */
function problem(genesis: Genesis, contents: Contents, changes: Changes = {}): string | undefined {
  const { config, header: parent } = genesis;
  const { header, body } = nextBlock(config, parent, contents, changes);
  try {
    checkHeader(header, { config, parent, parentTotalDifficulty: parent.difficulty, now: 5000 });
    createBlockRules(config, crypto).checkBody(header, body);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

interface Parts {
  type?: 0 | 1 | 2 | 4;
  gas?: number;
  to?: Uint8Array;
  data?: number;
  accessList?: readonly Field[];
}

function transaction(parts: Parts): Uint8Array {
  const { type = 0, gas = 30_000_000, to = bytes(20), data = 0, accessList = [] } = parts;
  const content = new Uint8Array(data);
  if (type === 0) return encodeFields([0, 1, gas, to, 0, content, 27, 1, 1]);
  const fees = type === 1 ? [1] : [1, 1];
  const tail = type === 4 ? [[[1234, bytes(20), 0, 0, 1, 1]]] : [];
  const fields = [1234, 0, ...fees, gas, to, 0, content, accessList, ...tail, 0, 1, 1];
  return Buffer.concat([Uint8Array.of(type), encodeFields(fields)]);
}

const withTransaction = (genesis: Genesis, parts: Parts): string | undefined =>
  problem(genesis, { transactions: [transaction(parts)] });

describe('headers', () => {
  test('FK-04 the two fields are required from Amsterdam on', () => {
    expect(problem(amsterdam, {})).toBeUndefined();
    const header = nextHeader(amsterdam.config, amsterdam.header);
    expect(Object.keys(header).filter((name) => name !== 'raw' && name !== 'hash')).toHaveLength(23);
    expect(problem(amsterdam, {}, { slotNumber: undefined })).toBe('missing-field');
    const neither = { blockAccessListHash: undefined, slotNumber: undefined };
    expect(problem(amsterdam, {}, neither)).toBe('missing-field');
  });

  test('FK-04 neither is allowed before Amsterdam', () => {
    expect(problem(osaka, {}, { blockAccessListHash: emptyListHash })).toBe('unexpected-field');
    const both = { blockAccessListHash: emptyListHash, slotNumber: 1 };
    expect(problem(osaka, {}, both)).toBe('unexpected-field');
  });

  test.each([0, 1, 7, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n])(
    'FK-04 a slot number of %s may follow any other',
    (slotNumber) => {
      const genesis = makeGenesis('amsterdam', { slotNumber: 1_000_000 });
      expect(genesis.header.slotNumber).toBe(1_000_000);
      expect(problem(genesis, {}, { slotNumber })).toBeUndefined();
      expect(nextHeader(genesis.config, genesis.header, { slotNumber }).slotNumber).toBe(slotNumber);
    },
  );

  test('FK-07 the gas used of a block stays within its limit, and sets the next base fee', () => {
    const { config, header: parent } = amsterdam;
    expect(problem(amsterdam, {}, { gasUsed: 30_000_001 })).toBe('gas-used');
    const full = nextHeader(config, parent, { gasUsed: 30_000_000 });
    // EIP-1559: an eighth more after a full block.
    expect(nextBaseFee(config, full)).toBe(((full.baseFeePerGas ?? 0n) * 9n) / 8n);
  });

  test.each([1_000, 21_000, 60_000_000])(
    'FK-07 receipts that sum up to %i gas agree with any gas used',
    (cumulativeGas) => {
      const { config, header: parent } = amsterdam;
      const contents = { transactions: [transaction({})], receipts: [plainReceipt(cumulativeGas)] };
      const { header, receipts } = nextBlock(config, parent, contents, { gasUsed: 30_000 });
      createBlockRules(config, crypto).checkReceipts(header, receipts);
    },
  );
});

describe('bodies', () => {
  test('FK-05 a body is two or three lists, never a fourth with block accesses', () => {
    const lists = (count: number): Uint8Array =>
      encode(
        list(raw),
        Array.from({ length: count }, () => Uint8Array.of(0xc0)),
      );
    expect(decodeBody(lists(3)).withdrawals).toBeDefined();
    expect(() => decodeBody(lists(4))).toThrow();
  });

  test.each([
    ['Osaka', osaka],
    ['Amsterdam', amsterdam],
  ])('FK-23 %s has blocks of up to 8 MiB, without their access lists', (_, genesis) => {
    const gas = 2 ** 24;
    const big = (size: number): Contents => {
      // Many transactions: one alone has a limit on its calldata.
      const most = 200_000;
      const count = Math.ceil(size / most);
      const sizes = Array.from({ length: count }, (_, i) => Math.min(most, size - i * most));
      return { transactions: sizes.map((data) => transaction({ gas, data })) };
    };
    const { header, body } = nextBlock(genesis.config, genesis.header, big(8_300_001), {
      gasUsed: 0,
    });
    // The prefix of the block, 4 bytes, replaces that of the body.
    const rest = header.raw.length + body.raw.length - 8_300_001;
    const size = 8_388_608 - rest;
    expect(size).toBeGreaterThan(8_200_100);
    const check = (contents: Contents): string | undefined => problem(genesis, contents, { gasUsed: 0 });
    expect(check(big(size))).toBeUndefined();
    expect(check(big(size + 1))).toBe('block-size');
  });
});

describe('transactions', () => {
  test.each<[string, Genesis, number, string | undefined]>([
    ['Osaka', osaka, 2 ** 24, undefined],
    ['Osaka', osaka, 2 ** 24 + 1, 'gas-cap'],
    ['Amsterdam', amsterdam, 2 ** 24 + 1, undefined],
    ['Amsterdam', amsterdam, 30_000_000, undefined],
    ['Amsterdam', amsterdam, 30_000_001, 'block-gas'],
    ['Amsterdam with room', roomy, 2 ** 32 - 1, undefined],
    ['Amsterdam with room', roomy, 2 ** 32, 'gas-cap'],
  ])('FK-09 in %s a gas limit is within its caps', (_, genesis, gas, code) => {
    expect(withTransaction(genesis, { gas })).toBe(code);
  });

  const entry = (keys: number): Field => [bytes(20), Array.from({ length: keys }, () => bytes(32))];
  /** 12,000 + 64 per byte is 2 ** 24 at most. */
  const most = 261_956;

  test.each<[string, Genesis, Parts, string | undefined]>([
    ['much calldata', amsterdam, { data: most }, undefined],
    ['too much calldata', amsterdam, { data: most + 1 }, 'intrinsic-gas'],
    ['as much calldata before Amsterdam', osaka, { data: most + 1, gas: 2 ** 24 }, undefined],
    ['an access list', amsterdam, { type: 1, data: most - 84, accessList: [entry(2)] }, undefined],
    [
      'an access list and too much calldata',
      amsterdam,
      { type: 2, data: most - 83, accessList: [entry(2)] },
      'intrinsic-gas',
    ],
    [
      'too long an access list',
      amsterdam,
      { type: 4, accessList: Array.from({ length: 13_098 }, () => entry(0)) },
      'intrinsic-gas',
    ],
    ['an access list of numbers', osaka, { type: 1, gas: 21_000, accessList: [1] }, 'transaction'],
  ])('FK-09 the gas floor of %s is within 2^24', (_, genesis, parts, code) => {
    expect(withTransaction(genesis, parts)).toBe(code);
  });

  test.each<[string, Genesis, number, string | undefined]>([
    ['Osaka', osaka, 49_152, undefined],
    ['Osaka', osaka, 49_153, 'init-code'],
    ['Amsterdam', amsterdam, 131_072, undefined],
    ['Amsterdam', amsterdam, 131_073, 'init-code'],
  ])('FK-11 in %s init code has a limit', (_, genesis, data, code) => {
    expect(withTransaction(genesis, { gas: 2 ** 24, to: bytes(0), data })).toBe(code);
  });

  test('FK-16 types go up to 4', () => {
    for (const type of [0, 1, 2, 4] as const) {
      expect(withTransaction(amsterdam, { type }), `type ${type}`).toBeUndefined();
    }
    for (const type of [5, 6, 0x7f]) {
      const other = Uint8Array.of(type, ...transaction({ type: 2 }).subarray(1));
      expect(problem(amsterdam, { transactions: [other] }), `type ${type}`).toBe('transaction');
    }
  });
});
