import type { Header, Receipt, SealedHeader } from '@devp2p/eth';
import { describe, expect, test } from 'vitest';
import type { Genesis } from '../../src/config/genesis/genesis.ts';
import { BlockError, type BlockErrorCode } from '../../src/errors/chain-error.ts';
import { type BlockRules, createBlockRules } from '../../src/validation/block.ts';
import type { ChainConfig } from '../../src/validation/chain-config.ts';
import { checkUncles } from '../../src/validation/uncles.ts';
import {
  type Contents,
  crypto,
  encodeFields,
  type Field,
  makeBody,
  makeChain,
  makeGenesis,
  makeReceipts,
  nextBlock,
  nextHeader,
  plainReceipt,
  transfer,
} from './make-blocks.ts';

type Changes = Partial<Record<keyof Header, unknown>>;

const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);

function rulesOf({ config }: Genesis): BlockRules {
  return createBlockRules(config, crypto);
}

function errorOf(action: () => void): BlockError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    return error;
  }
}

/** A transaction of a type in canonical form, with minimal fields. */
function typed(
  type: 1 | 2 | 3 | 4,
  { gas = 21_000, to = bytes(20), data = new Uint8Array(), tail = [] as readonly Field[] } = {},
): Uint8Array {
  const fees = type === 1 ? [1] : [1, 1];
  const last = { 1: [], 2: [], 3: [1, tail], 4: [tail] }[type];
  const fields = [1234, 0, ...fees, gas, to, 0, data, [], ...last, 0, bytes(32), bytes(32)];
  return Uint8Array.of(type, ...encodeFields(fields));
}

function creation(size: number, gas = 100_000): Uint8Array {
  return encodeFields([0, 1, gas, new Uint8Array(), 0, new Uint8Array(size), 27, 1, 1]);
}

const blobHash = Uint8Array.of(1, ...bytes(31));
const authorization: Field = [1234, bytes(20), 0, 0, bytes(32), bytes(32)];
/** An invalid header of usual length. */
const uncleLike = (n: number): Uint8Array => encodeFields([n, bytes(500)]);
const withdrawal = encodeFields([0, 7, bytes(20), 32_000]);

describe('bodies', () => {
  const eras = {
    frontier: makeGenesis('work', {
      config: Object.fromEntries(
        ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg']
          .concat('istanbul', 'berlin', 'london')
          .map((name) => [`${name}Block`, null]),
      ),
      baseFeePerGas: null,
    }),
    merge: makeGenesis('merge'),
    shanghai: makeGenesis('shanghai'),
    cancun: makeGenesis('cancun'),
    prague: makeGenesis('prague'),
    osaka: makeGenesis('osaka'),
    amsterdam: makeGenesis('amsterdam'),
  } as const;
  type Era = keyof typeof eras;

  const check = (era: Era, contents: Contents, changes: Changes = {}): BlockError | undefined => {
    const genesis = eras[era];
    const { header, body } = nextBlock(genesis.config, genesis.header, contents, changes);
    return errorOf(() => rulesOf(genesis).checkBody(header, body));
  };

  const blobs = (count: number): Uint8Array => typed(3, { tail: Array.from({ length: count }, () => blobHash) });
  const blobGas = (count: number): Changes => ({ blobGasUsed: count * 131_072 });

  test.each<[string, Era, Contents, Changes?]>([
    ['no contents', 'frontier', {}],
    ['an empty list of withdrawals', 'shanghai', {}],
    ['a transfer', 'frontier', { transactions: [transfer(0)] }],
    ['300 transfers', 'merge', { transactions: Array.from({ length: 300 }, (_, n) => transfer(n)) }],
    ['types 0 to 2', 'merge', { transactions: [transfer(0), typed(1), typed(2)] }],
    ['withdrawals', 'shanghai', { withdrawals: [withdrawal, withdrawal] }],
    ['blobs', 'cancun', { transactions: [blobs(2), typed(2), blobs(4)] }, blobGas(6)],
    ['six blobs in one transaction', 'osaka', { transactions: [blobs(6)] }, blobGas(6)],
    ['seven blobs in one transaction', 'prague', { transactions: [blobs(7)] }, blobGas(7)],
    ['a set-code', 'prague', { transactions: [typed(4, { tail: [authorization] })] }],
    ['much init code', 'merge', { transactions: [creation(60_000)] }],
    ['the maximum of init code', 'shanghai', { transactions: [creation(49_152)] }],
    ['the gas limit of the block', 'prague', { transactions: [creation(1, 30_000_000)] }],
    ['the gas cap of a transaction', 'osaka', { transactions: [creation(1, 2 ** 24)] }],
    ['two uncles', 'frontier', { uncles: [1, 2].map(uncleLike) }],
  ])('ND-06 a body with %s passes in %s', (_, era, contents, changes) => {
    expect(check(era, contents, changes)).toBeUndefined();
  });

  test.each<[string, BlockErrorCode, Era, Contents, Changes?]>([
    ['another transactions root', 'transactions-root', 'merge', {}, { transactionsRoot: bytes(32) }],
    ['another uncles hash', 'uncles-hash', 'frontier', {}, { unclesHash: bytes(32) }],
    ['another withdrawals root', 'withdrawals-root', 'shanghai', {}, { withdrawalsRoot: bytes(32) }],
    ['three uncles', 'uncles', 'frontier', { uncles: [1, 2, 3].map(uncleLike) }],
    ['type 1', 'transaction', 'frontier', { transactions: [typed(1)] }],
    ['type 2', 'transaction', 'frontier', { transactions: [typed(2)] }],
    ['type 3', 'transaction', 'shanghai', { transactions: [blobs(1)] }],
    ['type 4', 'transaction', 'cancun', { transactions: [typed(4, { tail: [authorization] })] }],
    ['type 5', 'transaction', 'amsterdam', { transactions: [Uint8Array.of(5, ...typed(2).slice(1))] }],
    ['gas above the block’s', 'block-gas', 'merge', { transactions: [creation(1, 30_000_001)] }],
    ['gas above the cap', 'gas-cap', 'osaka', { transactions: [creation(1, 2 ** 24 + 1)] }],
    ['too much init code', 'init-code', 'shanghai', { transactions: [creation(49_153)] }],
    ['a short recipient', 'transaction', 'merge', { transactions: [typed(2, { to: bytes(10) })] }],
    ['a list as number', 'transaction', 'merge', { transactions: [encodeFields([[], [], [], 1, 1, 1, 1, 1, 1])] }],
    ['a blob transaction without blobs', 'blobs', 'cancun', { transactions: [typed(3)] }],
    [
      'a blob transaction without recipient',
      'transaction',
      'cancun',
      { transactions: [typed(3, { to: bytes(0), tail: [blobHash] })] },
    ],
    ['a blob of another version', 'blobs', 'cancun', { transactions: [typed(3, { tail: [bytes(32, 2)] })] }],
    ['seven blobs in one transaction', 'blobs', 'osaka', { transactions: [blobs(7)] }, blobGas(7)],
    [
      'a blob transaction with its sidecar',
      'sidecar',
      'cancun',
      { transactions: [Uint8Array.of(3, ...encodeFields([[1], [], [], [], 1, 1, 1, 1, 1]))] },
    ],
    ['a set-code without authorizations', 'transaction', 'prague', { transactions: [typed(4)] }],
    ['more blobs than their gas', 'blob-gas', 'cancun', { transactions: [blobs(2)] }, blobGas(1)],
    ['fewer blobs than their gas', 'blob-gas', 'cancun', { transactions: [blobs(1)] }, blobGas(2)],
  ])('ND-06 a body with %s is refused: %s in %s', (_, code, era, contents, changes) => {
    const error = check(era, contents, changes);
    expect(error).toMatchObject({ code, number: 1 });
    expect(error?.message).toMatch(/^block 1: /);
  });

  test('ND-06 a missing, added, changed or moved transaction or withdrawal is detected', () => {
    const genesis = eras.shanghai;
    const transactions = [transfer(0), transfer(1), transfer(2)];
    const withdrawals = [withdrawal, encodeFields([1, 7, bytes(20), 1])];
    const { header } = nextBlock(genesis.config, genesis.header, { transactions, withdrawals });
    const [first, second, third] = transactions as [Uint8Array, Uint8Array, Uint8Array];
    for (const wrong of [[], [first, second], [first, third, second], [...transactions, first]]) {
      const body = makeBody({ transactions: wrong, withdrawals }, true);
      expect(errorOf(() => rulesOf(genesis).checkBody(header, body))?.code).toBe('transactions-root');
    }
    for (const wrong of [[], withdrawals.slice(1), [...withdrawals].reverse()]) {
      const body = makeBody({ transactions, withdrawals: wrong }, true);
      expect(errorOf(() => rulesOf(genesis).checkBody(header, body))?.code).toBe('withdrawals-root');
    }
    const without = makeBody({ transactions }, false);
    expect(errorOf(() => rulesOf(genesis).checkBody(header, without))?.code).toBe('withdrawals-root');
  });

  test('ND-06 withdrawals before Shanghai are refused', () => {
    const genesis = eras.merge;
    const header = nextHeader(genesis.config, genesis.header);
    const body = makeBody({}, true);
    expect(errorOf(() => rulesOf(genesis).checkBody(header, body))?.code).toBe('withdrawals-root');
  });

  test('ND-06 from Osaka on a block of more than 8 MiB is refused', () => {
    const big = (size: number): Contents => ({
      transactions: [encodeFields([0, 1, 21_000, bytes(20), 0, new Uint8Array(size), 27, 1, 1])],
    });
    const size = 8_388_608;
    const { header, body } = nextBlock(eras.osaka.config, eras.osaka.header, big(8_000_000));
    // The prefix of the block, 4 bytes, replaces that of the body.
    const rest = header.raw.length + body.raw.length - 8_000_000;
    expect(check('osaka', big(size - rest))).toBeUndefined();
    expect(check('osaka', big(size - rest + 1))?.code).toBe('block-size');
    expect(check('prague', big(size - rest + 1))).toBeUndefined();
  });

  test('ND-06 a body is checked once for each header', () => {
    const genesis = eras.merge;
    const rules = rulesOf(genesis);
    const { header, body } = nextBlock(genesis.config, genesis.header, {
      transactions: [transfer(0)],
    });
    const other = nextHeader(genesis.config, genesis.header);
    rules.checkBody(header, body);
    rules.checkBody(header, body);
    expect(errorOf(() => rules.checkBody(other, body))?.code).toBe('transactions-root');
    rules.checkBody(header, body);
  });
});

describe('receipts', () => {
  const prague = makeGenesis('prague', {
    config: { depositContractAddress: `0x${'dd'.repeat(20)}` },
  });
  const frontier = makeGenesis('work', {
    config: Object.fromEntries(
      ['byzantium', 'constantinople', 'petersburg', 'istanbul', 'berlin', 'london'].map((name) => [
        `${name}Block`,
        null,
      ]),
    ),
    baseFeePerGas: null,
  });
  const amsterdam = makeGenesis('amsterdam');
  const log = {
    address: bytes(20, 0xaa),
    topics: [bytes(32, 1), bytes(32, 2)],
    data: bytes(100),
  };
  const deposit = {
    address: bytes(20, 0xdd),
    topics: [Buffer.from('649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5', 'hex')],
    data: bytes(576),
  };

  const check = (receipts: Receipt[], changes: Changes = {}, genesis: Genesis = prague): BlockError | undefined => {
    const transactions = receipts.map((_, n) => transfer(n));
    const block = nextBlock(genesis.config, genesis.header, { transactions, receipts }, changes);
    return errorOf(() => rulesOf(genesis).checkReceipts(block.header, block.receipts));
  };

  test('ND-06 receipts of every type, with and without logs, pass', () => {
    const types = [0, 1, 2, 3, 4].map((type, i) =>
      plainReceipt((i + 1) * 21_000, { type, outcome: i % 2 === 0, logs: i % 2 ? [log, log] : [] }),
    );
    expect(check(types)).toBeUndefined();
    expect(check([])).toBeUndefined();
    const many = Array.from({ length: 300 }, (_, i) => plainReceipt((i + 1) * 21_000, { logs: [log] }));
    expect(check(many)).toBeUndefined();
  });

  test.each<[string, BlockErrorCode, Receipt[], Changes?, Genesis?]>([
    ['another root', 'receipts-root', [plainReceipt(21_000)], { receiptsRoot: bytes(32) }],
    ['another bloom', 'bloom', [plainReceipt(21_000, { logs: [log] })], { logsBloom: bytes(256, 0) }],
    ['another total of gas', 'gas-used', [plainReceipt(21_000)], { gasUsed: 42_000 }],
    ['gas used without transactions', 'gas-used', [], { gasUsed: 1 }],
    ['equal cumulative gas', 'receipts', [plainReceipt(21_000), plainReceipt(21_000)], { gasUsed: 21_000 }],
    ['decreasing cumulative gas', 'receipts', [plainReceipt(21_001), plainReceipt(21_000)], { gasUsed: 21_000 }],
    ['a state root', 'receipts', [plainReceipt(21_000, { outcome: bytes(32) })]],
    ['a status before Byzantium', 'receipts', [plainReceipt(21_000)], {}, frontier],
    ['a deposit without requests', 'requests-hash', [plainReceipt(21_000, { logs: [log, deposit] })]],
  ])('ND-06 receipts with %s are refused: %s', (_, code, receipts, changes, genesis) => {
    expect(check(receipts, changes, genesis)).toMatchObject({ code, number: 1 });
  });

  test('ND-06 state roots before Byzantium pass', () => {
    expect(check([plainReceipt(21_000, { outcome: bytes(32) })], {}, frontier)).toBeUndefined();
  });

  test('ND-06 the hash of requests that depend on execution is not checked', () => {
    const receipts = [plainReceipt(21_000, { logs: [deposit] })];
    expect(check(receipts, { requestsHash: bytes(32) })).toBeUndefined();
    const elsewhere = { ...deposit, address: bytes(20, 0xde) };
    expect(check([plainReceipt(21_000, { logs: [elsewhere] })])).toBeUndefined();
  });

  test('ND-06 from Amsterdam on the gas of a block is more than that of its receipts', () => {
    expect(check([plainReceipt(21_000)], { gasUsed: 30_000 }, amsterdam)).toBeUndefined();
  });

  test('ND-06 a changed log, status, order or type is detected', () => {
    const good = [plainReceipt(21_000, { logs: [log] }), plainReceipt(42_000, { type: 2 })];
    const block = nextBlock(prague.config, prague.header, {
      transactions: [transfer(0), typed(2)],
      receipts: good,
    });
    const [first, second] = good as [Receipt, Receipt];
    for (const wrong of [
      [],
      [first],
      [second, first],
      [{ ...first, outcome: false }, second],
      [{ ...first, logs: [] }, second],
      [{ ...first, logs: [{ ...log, data: bytes(99) }] }, second],
      [first, { ...second, type: 1 }],
      [first, { ...second, cumulativeGas: 42_001 }],
    ]) {
      const receipts = makeReceipts(wrong);
      const error = errorOf(() => rulesOf(prague).checkReceipts(block.header, receipts));
      expect(error?.code).toBe('receipts-root');
    }
  });
});

describe('uncles', () => {
  const genesis = makeGenesis('work');
  const { config } = genesis;
  const chain = makeChain(config, genesis.header, 10);
  const at = (number: number): SealedHeader =>
    number === 0 ? genesis.header : (chain[number - 1]?.header as SealedHeader);
  const included: Uint8Array[] = [];

  /** Checks block 11 with these uncles. */
  const check = async (uncles: readonly Uint8Array[]): Promise<BlockError | undefined> => {
    const { header, body } = nextBlock(config, at(10), { uncles });
    try {
      await checkUncles(header, body, config as ChainConfig, crypto, async (number) => ({
        header: at(number),
        uncles: makeBody({ uncles: number === 9 ? included : [] }, false).uncles,
      }));
      return undefined;
    } catch (error) {
      return error as BlockError;
    }
  };
  const sibling = (number: number, changes: Changes = {}): Uint8Array =>
    nextHeader(config, at(number - 1), { extraData: bytes(3), ...changes }).raw;

  test('ND-06 siblings of the last six ancestors are valid uncles', async () => {
    expect(await check([])).toBeUndefined();
    expect(await check([sibling(10), sibling(5)])).toBeUndefined();
  });

  test.each<[string, () => Uint8Array[]]>([
    ['too old', () => [sibling(4)]],
    ['a sibling of the block itself', () => [sibling(11)]],
    ['an ancestor', () => [at(9).raw]],
    ['given twice', () => [sibling(9), sibling(9)]],
    ['of a wrong difficulty', () => [sibling(9, { difficulty: 131_072n })]],
    ['of a wrong base fee', () => [sibling(9, { baseFeePerGas: 1n })]],
  ])('ND-06 an uncle that is %s is refused', async (_, uncles) => {
    expect(await check(uncles())).toMatchObject({ name: 'BlockError', code: 'uncles', number: 11 });
  });

  test('ND-06 an uncle that an ancestor has included is refused', async () => {
    included.push(sibling(8));
    expect(await check([sibling(8)])).toMatchObject({ code: 'uncles' });
    included.length = 0;
    expect(await check([sibling(8)])).toBeUndefined();
  });

  test('ND-06 an uncle that is not a header is refused', async () => {
    expect(await check([uncleLike(1)])).toMatchObject({ code: 'malformed' });
  });
});
