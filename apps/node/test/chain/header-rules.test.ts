import type { Header, SealedHeader } from '@devp2p/eth';
import { createBlockHeader } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Genesis } from '../../src/config/genesis/genesis.ts';
import { networkGenesis } from '../../src/config/genesis/networks.ts';
import { BlockError, type BlockErrorCode } from '../../src/errors/chain-error.ts';
import { blobParameters } from '../../src/validation/chain-config.ts';
import { workDifficulty } from '../../src/validation/difficulty.ts';
import { emptyListHash } from '../../src/validation/empty-roots.ts';
import { nextBaseFee, nextExcessBlobGas } from '../../src/validation/fees.ts';
import { checkHeader } from '../../src/validation/header.ts';
import { crypto, makeGenesis, nextHeader, withChanges } from './make-blocks.ts';

function check(genesis: Genesis, header: SealedHeader, parent: SealedHeader = genesis.header, now = 5000): void {
  checkHeader(header, {
    config: genesis.config,
    parent,
    parentTotalDifficulty: parent.difficulty,
    now,
  });
}

function codeOf(action: () => void): BlockErrorCode | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    expect(error.message).toBe(`block ${error.number}: ${error.reason}`);
    return error.code;
  }
}

/** A chain whose first block is that of the DAO fork, and of all later ones up to London. */
function atDao(daoForkSupport: boolean): Genesis {
  const later = ['daoFork', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople'];
  const names = [...later, 'petersburg', 'istanbul', 'berlin', 'london'];
  const forks = Object.fromEntries(names.map((name) => [`${name}Block`, 1]));
  return makeGenesis('work', { config: { ...forks, daoForkSupport }, baseFeePerGas: null });
}

type Changes = Partial<Record<keyof Header, unknown>>;

function fieldsOf(changes: Changes): string {
  return Object.keys(changes).join(', ') || 'nothing special';
}

/** Extra data of a clique genesis without signers. */
const signers = `0x${'00'.repeat(97)}`;
const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);

describe('header rules', () => {
  const eras = {
    work: makeGenesis('work'),
    merge: makeGenesis('merge'),
    shanghai: makeGenesis('shanghai'),
    cancun: makeGenesis('cancun'),
    prague: makeGenesis('prague'),
    osaka: makeGenesis('osaka'),
    amsterdam: makeGenesis('amsterdam'),
    clique: makeGenesis('work', {
      config: { clique: { period: 5, epoch: 10 } },
      difficulty: 1,
      extraData: signers,
    }),
    cliqueShanghai: makeGenesis('work', {
      config: { clique: { period: 5, epoch: 10 }, shanghaiTime: 0 },
      difficulty: 1,
      extraData: signers,
    }),
    dao: atDao(true),
    noDao: atDao(false),
  } as const;

  const voted = { difficulty: 2n, extraData: bytes(97) };
  const valid: [keyof typeof eras, Changes][] = [
    ['work', {}],
    ['merge', {}],
    ['shanghai', {}],
    ['cancun', {}],
    ['prague', {}],
    ['osaka', {}],
    ['amsterdam', {}],
    ['clique', voted],
    ['clique', { ...voted, nonce: bytes(8, 0xff), beneficiary: bytes(20) }],
    ['dao', { extraData: Buffer.from('dao-hard-fork') }],
    ['noDao', { extraData: bytes(32) }],
    ['work', { timestamp: 5015 }],
    ['merge', { timestamp: 2 ** 40 }],
    ['merge', { gasLimit: 30_000_000 + 29_295, gasUsed: 30_029_295 }],
    ['merge', { gasLimit: 30_000_000 - 29_295 }],
    ['cancun', { blobGasUsed: 6 * 131_072 }],
    ['prague', { blobGasUsed: 9 * 131_072, requestsHash: bytes(32) }],
  ];
  test.each(valid.map(([era, changes]) => [era, fieldsOf(changes), changes] as const))(
    'ND-06 a header of %s passes: %s',
    (era, _, changes) => {
      const genesis = eras[era];
      check(genesis, nextHeader(genesis.config, genesis.header, changes));
    },
  );

  const invalid: [BlockErrorCode, keyof typeof eras, Changes][] = [
    ['unknown-parent', 'merge', { parentHash: bytes(32) }],
    ['number', 'merge', { number: 2 }],
    ['number', 'merge', { number: 0 }],
    ['timestamp', 'merge', { timestamp: 1000 }],
    ['timestamp', 'work', { timestamp: 999 }],
    ['future', 'work', { timestamp: 5016 }],
    ['extra-data', 'merge', { extraData: bytes(33) }],
    ['extra-data', 'work', { extraData: bytes(33) }],
    ['gas-used', 'merge', { gasUsed: 30_000_001 }],
    ['gas-limit', 'merge', { gasLimit: 30_000_000 + 29_296 }],
    ['gas-limit', 'merge', { gasLimit: 30_000_000 - 29_296 }],
    ['gas-limit', 'work', { gasLimit: 60_000_000 }],
    ['base-fee', 'merge', { baseFeePerGas: 1_000_000_000n }],
    ['base-fee', 'work', { baseFeePerGas: 0n }],
    ['missing-field', 'work', { baseFeePerGas: undefined }],
    ['difficulty', 'work', { difficulty: 200_001n }],
    ['merge', 'merge', { difficulty: 1n }],
    ['merge', 'work', { difficulty: 0n }],
    ['nonce', 'merge', { nonce: bytes(8) }],
    ['uncles-hash', 'merge', { unclesHash: bytes(32) }],
    ['unexpected-field', 'merge', { withdrawalsRoot: bytes(32) }],
    ['missing-field', 'shanghai', { withdrawalsRoot: undefined }],
    ['unexpected-field', 'shanghai', { blobGasUsed: 0 }],
    ['missing-field', 'cancun', { parentBeaconBlockRoot: undefined }],
    ['missing-field', 'cancun', { excessBlobGas: undefined, parentBeaconBlockRoot: undefined }],
    ['missing-field', 'cancun', { blobGasUsed: undefined, excessBlobGas: undefined, parentBeaconBlockRoot: undefined }],
    ['unexpected-field', 'cancun', { requestsHash: bytes(32) }],
    ['missing-field', 'prague', { requestsHash: undefined }],
    ['unexpected-field', 'osaka', { blockAccessListHash: bytes(32) }],
    ['missing-field', 'amsterdam', { slotNumber: undefined }],
    ['missing-field', 'amsterdam', { blockAccessListHash: undefined, slotNumber: undefined }],
    ['blob-gas', 'cancun', { blobGasUsed: 1 }],
    ['blob-gas', 'cancun', { blobGasUsed: 7 * 131_072 }],
    ['blob-gas', 'prague', { blobGasUsed: 10 * 131_072 }],
    ['excess-blob-gas', 'cancun', { excessBlobGas: 131_072 }],
    ['extra-data', 'dao', {}],
    ['extra-data', 'noDao', { extraData: Buffer.from('dao-hard-fork') }],
    ['difficulty', 'clique', { ...voted, difficulty: 3n }],
    ['unexpected-field', 'cliqueShanghai', { ...voted, withdrawalsRoot: bytes(32) }],
    ['missing-field', 'cliqueShanghai', { ...voted, withdrawalsRoot: undefined }],
    ['extra-data', 'clique', { ...voted, extraData: bytes(96) }],
    ['extra-data', 'clique', { ...voted, extraData: bytes(117) }],
    ['nonce', 'clique', { ...voted, nonce: bytes(8) }],
    ['mix-hash', 'clique', { ...voted, mixHash: bytes(32) }],
    ['uncles-hash', 'clique', { ...voted, unclesHash: bytes(32) }],
    ['timestamp', 'clique', { ...voted, timestamp: 1004 }],
    ['future', 'clique', { ...voted, timestamp: 5016 }],
  ];
  test.each(invalid.map(([code, era, changes]) => [era, fieldsOf(changes), code, changes] as const))(
    'ND-06 a header of %s with another %s is refused: %s',
    (era, _, code, changes) => {
      const genesis = eras[era];
      const header = nextHeader(genesis.config, genesis.header, changes);
      expect(codeOf(() => check(genesis, header))).toBe(code);
    },
  );

  test('ND-06 London doubles the gas limit at its block', () => {
    const genesis = makeGenesis('work', { config: { londonBlock: 1 }, baseFeePerGas: null });
    const header = nextHeader(genesis.config, genesis.header);
    expect(header).toMatchObject({ gasLimit: 60_000_000, baseFeePerGas: 1_000_000_000n });
    check(genesis, header);
    const single = nextHeader(genesis.config, genesis.header, { gasLimit: 30_000_000 });
    expect(codeOf(() => check(genesis, single))).toBe('gas-limit');
  });

  test('ND-06 no gas limit goes below 5000', () => {
    const genesis = makeGenesis('merge', { gasLimit: 5000 });
    check(genesis, nextHeader(genesis.config, genesis.header, { gasLimit: 5000 }));
    const lower = nextHeader(genesis.config, genesis.header, { gasLimit: 4999 });
    expect(codeOf(() => check(genesis, lower))).toBe('gas-limit');
  });

  test('ND-06 a Clique checkpoint may list signers, and has no vote', () => {
    const genesis = makeGenesis('work', {
      config: { clique: { period: 0, epoch: 1 } },
      difficulty: 1,
      extraData: signers,
    });
    const after = (changes: object): (() => void) => {
      const header = nextHeader(genesis.config, genesis.header, { ...voted, ...changes });
      return () => check(genesis, header);
    };
    expect(codeOf(after({ extraData: bytes(97 + 40) }))).toBeUndefined();
    expect(codeOf(after({ extraData: bytes(97 + 41) }))).toBe('extra-data');
    expect(codeOf(after({ nonce: bytes(8, 0xff) }))).toBe('nonce');
    expect(codeOf(after({ beneficiary: bytes(20) }))).toBe('nonce');
  });

  describe('the merge', () => {
    const genesis = makeGenesis('work', { config: { terminalTotalDifficulty: 500_000 } });
    const { config, header: first } = genesis;
    const second = nextHeader(config, first);
    const at = (parent: SealedHeader, total: bigint, difficulty: bigint): (() => void) => {
      const header = nextHeader(config, parent, difficulty === 0n ? { difficulty } : {});
      return () => checkHeader(header, { config, parent, parentTotalDifficulty: total, now: 5000 });
    };

    test('ND-06 blocks are proof-of-work blocks up to the terminal total difficulty, then proof-of-stake blocks', () => {
      expect(codeOf(at(first, 499_999n, 1n))).toBeUndefined();
      expect(codeOf(at(first, 499_999n, 0n))).toBe('merge');
      expect(codeOf(at(first, 500_000n, 1n))).toBe('merge');
      expect(codeOf(at(first, 500_000n, 0n))).toBeUndefined();
    });

    test('ND-06 a proof-of-work block after the merge is refused', () => {
      const staked = nextHeader(config, second, { difficulty: 0n });
      const header = nextHeader(config, staked, { difficulty: 131_072n });
      const context = { config, parent: staked, parentTotalDifficulty: 1n, now: 5000 };
      expect(codeOf(() => checkHeader(header, context))).toBe('merge');
    });

    test('ND-06 a chain without a terminal total difficulty never merges', () => {
      const work = makeGenesis('work');
      const header = nextHeader(work.config, work.header, { difficulty: 0n });
      expect(codeOf(() => check(work, header))).toBe('merge');
    });
  });
});

describe('formulas', () => {
  const big = fc.bigInt({ min: 0n, max: 10n ** 13n });

  test('ND-06 base fees equal those of @ethereumjs/block', () => {
    const { config } = makeGenesis('merge');
    const common = new Common({ chain: Mainnet, hardfork: Hardfork.London });
    const parents = fc
      .record({
        gasLimit: fc.integer({ min: 5000, max: 10 ** 9 }),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        fee: big,
      })
      .map(({ gasLimit, share, fee }) => ({
        gasLimit,
        gasUsed: Math.floor(gasLimit * share),
        fee,
      }));
    fc.assert(
      fc.property(parents, ({ gasLimit, gasUsed, fee }) => {
        const oracle = createBlockHeader({ number: 20_000_000, gasLimit, gasUsed, baseFeePerGas: fee }, { common });
        const parent = header({ number: 20_000_000, gasLimit, gasUsed, baseFeePerGas: fee });
        expect(nextBaseFee(config, parent)).toBe(oracle.calcNextBaseFee());
      }),
      { numRuns: 200 },
    );
  });

  test.each(['cancun', 'prague', 'osaka', 'bpo1'] as const)(
    'ND-06 excess blob gas is that of @ethereumjs/block: %s',
    (fork) => {
      const { config } = networkGenesis('mainnet', crypto);
      const timestamp = Number(config.forks[fork]);
      const common = new Common({ chain: Mainnet });
      common.setHardforkBy({ blockNumber: 22_000_000n, timestamp });
      const blobs = blobParameters(config, timestamp);
      if (blobs === undefined) throw new Error('no blob parameters');
      const parents = fc.record({
        excess: fc.integer({ min: 0, max: 200 }).map((n) => n * 131_072 + (n % 7)),
        count: fc.integer({ min: 0, max: blobs.max }),
        fee: big,
      });
      fc.assert(
        fc.property(parents, ({ excess, count, fee }) => {
          const fields = {
            number: 22_000_000,
            timestamp,
            baseFeePerGas: fee,
            excessBlobGas: excess,
            blobGasUsed: count * 131_072,
          };
          const oracle = createBlockHeader(
            { ...fields, excessBlobGas: BigInt(excess), blobGasUsed: BigInt(count * 131_072) },
            { common },
          );
          const ours = nextExcessBlobGas(config, blobs, header(fields), timestamp);
          expect(BigInt(ours)).toBe(oracle.calcNextExcessBlobGas(oracle.common));
        }),
        { numRuns: 150 },
      );
    },
  );

  test('ND-06 a very large excess of blob gas takes little time', () => {
    const { config } = networkGenesis('mainnet', crypto);
    const timestamp = Number(config.forks.osaka);
    const blobs = blobParameters(config, timestamp);
    if (blobs === undefined) throw new Error('no blob parameters');
    const parent = header({ excessBlobGas: 2 ** 52, blobGasUsed: 0, baseFeePerGas: 10n ** 30n });
    expect(nextExcessBlobGas(config, blobs, parent, timestamp)).toBe(2 ** 52 - 6 * 131_072);
  });

  test('ND-06 difficulties equal those of @ethereumjs/block, for every fork of proof of work', () => {
    const { config } = networkGenesis('mainnet', crypto);
    const forks = [1_150_000, 4_370_000, 7_280_000, 9_200_000, 13_773_000, 15_050_000];
    // The oracle lacks the bomb delay of London.
    const numbers = fc.oneof(
      fc.integer({ min: 1, max: 12_964_999 }),
      fc.integer({ min: 13_773_000, max: 15_530_000 }),
      fc.constantFrom(...forks.flatMap((fork) => [fork, fork + 1])),
    );
    const cases = fc.record({
      number: numbers,
      difficulty: fc.bigInt({ min: 200_000n, max: 10n ** 16n }),
      elapsed: fc.integer({ min: 1, max: 3000 }),
      uncles: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ number, difficulty, elapsed, uncles }) => {
        const common = new Common({ chain: Mainnet });
        common.setHardforkBy({ blockNumber: number });
        const unclesHash = uncles ? new Uint8Array(32) : emptyListHash;
        const timestamp = 1_500_000_000;
        const oracleParent = createBlockHeader(
          { number: number - 1, difficulty, timestamp, uncleHash: unclesHash },
          { common, skipConsensusFormatValidation: true },
        );
        const oracle = createBlockHeader(
          { number, timestamp: timestamp + elapsed },
          { common, skipConsensusFormatValidation: true },
        );
        const parent = header({ number: number - 1, difficulty, timestamp, unclesHash });
        expect(workDifficulty(config, parent, timestamp + elapsed)).toBe(
          oracle.ethashCanonicalDifficulty(oracleParent),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("ND-06 London's bomb is that of EIP-3554", () => {
    const { config } = networkGenesis('mainnet', crypto);
    const parent = header({ number: 12_964_999, difficulty: 2n ** 52n, timestamp: 1000 });
    // (12,965,000 − 9,700,000) / 100,000 − 2 = 30
    expect(workDifficulty(config, parent, 1010)).toBe(2n ** 52n + 2n ** 30n);
  });

  test("ND-06 mainnet's block 1 has the difficulty that follows from the genesis block", () => {
    const { config, header } = networkGenesis('mainnet', crypto);
    expect(workDifficulty(config, header, 1_438_269_988)).toBe(17_171_480_576n);
  });

  function header(changes: Changes): Header {
    return withChanges(makeGenesis('merge').header, changes);
  }
});
