import { readFileSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { decodeBody, forkId } from '@devp2p/eth';
import { describe, expect, test } from 'vitest';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { networkGenesis } from '../../src/config/genesis/networks.ts';
import { ChainError } from '../../src/errors/chain-error.ts';
import { blobParameters, forkSchedule } from '../../src/validation/chain-config.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8');
}

/** What go-ethereum 1.17.5 makes of the files in fixtures/: `geth init`, then eth.getBlock(0). */
const accounts = '52163fc14de4c30b3cb63ca2e05c505408e44305f9874b605b79f2e105f2b0a0';
const nobody = '56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const known = {
  frontier: ['2d8c21e41ec0d67cc815314406d82896b6f39ac5ac20c3fd9d1459e1a9a443a7', accounts],
  london: ['8c08bc8a11b7351447b7b5708d8071e8f8ad4f1d9eafd09ffd0a28cec3501746', accounts],
  prague: ['a4fd3c3f9b999e57b93cb64abff4a54b5e7f01e72441d666b88351ee079a22e2', accounts],
  amsterdam: ['71ff371d85ebba08a9f8af14b536bd163a20c39ba92be8a440d85c18bbc10ef3', nobody],
} as const;

describe('genesis.json', () => {
  test.each(Object.entries(known))(
    'ND-04 %s: block hash and state root are those of go-ethereum',
    (name, [hash, stateRoot]) => {
      const { header, body } = parseGenesis(fixture(name), nobleCrypto);
      expect(toHex(header.stateRoot)).toBe(stateRoot);
      expect(toHex(header.hash)).toBe(hash);
      expect(decodeBody(body).transactions.length).toBe(0);
      expect(decodeBody(body).withdrawals !== undefined).toBe(header.withdrawalsRoot !== undefined);
    },
  );

  test('ND-04 numbers beyond 2^53 keep every digit', () => {
    const { config } = parseGenesis(fixture('london'), nobleCrypto);
    expect(config.chainId).toBe(9_007_199_254_740_993n);
    expect(config.terminalTotalDifficulty).toBe(58_750_000_000_000_000_000_000n);
  });

  test('ND-04 forks, blob schedule and accounts are read', () => {
    const { config, accounts } = parseGenesis(fixture('prague'), nobleCrypto);
    expect(config.forks).toMatchObject({ london: 0, prague: 0, osaka: Number.POSITIVE_INFINITY });
    expect(config.blobSchedule.map(({ max }) => max)).toEqual([9, 6]);
    expect(accounts).toHaveLength(43);
  });

  const valid = JSON.parse(fixture('prague'));
  const withConfig = (change: object): object => ({
    ...valid,
    config: { ...valid.config, ...change },
  });
  const withAccount = (account: unknown): object => ({
    ...valid,
    alloc: { '00000000000000000000000000000000000000a1': account },
  });

  test.each<[string, object, string]>([
    ['no config', { ...valid, config: undefined }, 'config is missing: expected an object'],
    ['no chain id', withConfig({ chainId: null }), 'config.chainId is missing: expected a whole number'],
    ['a fraction', withConfig({ pragueTime: 1.5 }), 'config.pragueTime is 1.5: expected a whole number'],
    ['a negative number', withConfig({ londonBlock: -1 }), 'config.londonBlock is -1: expected a whole'],
    ['a word', { ...valid, gasLimit: 'much' }, 'gasLimit is "much": expected a whole number'],
    ['no gas limit', { ...valid, gasLimit: undefined }, 'gasLimit is missing: expected'],
    ['too wide', { ...valid, nonce: '0x10000000000000000' }, 'nonce is 18446744073709551616: expected at most 64 bits'],
    ['half a byte', { ...valid, extraData: '0x123' }, 'extraData is "0x123": expected 0x and an even number'],
    ['a short hash', { ...valid, mixHash: '0x12' }, 'mixHash is "0x12": expected 64 hex digits'],
    ['a short address', { ...valid, coinbase: '0x12' }, 'coinbase is "0x12": expected 40 hex digits'],
    ['a later start', { ...valid, number: 5 }, 'number is 5: expected 0'],
    ['a list of accounts', { ...valid, alloc: [] }, 'alloc is a list: expected an object'],
    ['an account under a name', { ...valid, alloc: { bob: { balance: 0 } } }, 'alloc.bob is "bob": expected 40'],
    [
      'an account without a balance',
      withAccount({}),
      'alloc.00000000000000000000000000000000000000a1.balance is missing: expected',
    ],
    ['a balance that is a list', withAccount({ balance: [] }), '.balance is a list: expected a whole number'],
    ['code that is not hex', withAccount({ balance: 0, code: '0xzz' }), '.code is "0xzz": expected 0x'],
    [
      'a long slot',
      withAccount({ balance: 0, storage: { [`0x${'11'.repeat(33)}`]: '0x01' } }),
      'expected an even number of hex digits for up to 32 bytes',
    ],
    [
      'forks out of order',
      withConfig({ cancunTime: 5, pragueTime: 4 }),
      'config.pragueTime is 4: expected no less than cancunTime, 5',
    ],
    ['a fork left out', withConfig({ berlinBlock: undefined }), 'config.londonBlock is set, but berlinBlock is not'],
    [
      'no blob parameters',
      withConfig({ blobSchedule: { cancun: valid.config.blobSchedule.cancun } }),
      'config.blobSchedule.prague is missing, but pragueTime is set',
    ],
    [
      'blob parameters without a fraction',
      withConfig({ blobSchedule: { cancun: { target: 0 } } }),
      'config.blobSchedule.cancun.baseFeeUpdateFraction is missing',
    ],
    ['a binary trie', withConfig({ enableUBTAtGenesis: true }), 'config.enableUBTAtGenesis is true'],
    [
      'blob gas before Cancun',
      { ...withConfig({ cancunTime: 9, pragueTime: 9 }) },
      'excessBlobGas is set, but config.cancunTime comes later',
    ],
  ])('ND-04 %s is refused, naming the field', (_, json, message) => {
    let error: unknown;
    try {
      parseGenesis(JSON.stringify(json), nobleCrypto);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ChainError);
    expect(error).toMatchObject({ code: 'invalid-genesis' });
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toMatch(/^genesis: /);
    expect((error as Error).message).not.toContain('\n');
  });

  test('ND-04 text that is not JSON is refused', () => {
    for (const text of ['', '{', '[]', 'null', '12345678901234567890', '{"a": 01}']) {
      expect(() => parseGenesis(text, nobleCrypto), text).toThrow(ChainError);
    }
  });
});

describe('forks after Osaka', () => {
  const valid = JSON.parse(fixture('amsterdam'));
  const blobs = { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 };
  /** A genesis with these fork times after Osaka's, which is at genesis. */
  const withTimes = (times: Readonly<Record<string, number>>, blobSchedule: object = {}) => {
    const { amsterdamTime: _, ...config } = valid.config;
    const bpos = Object.keys(times).filter((name) => name.startsWith('bpo'));
    const schedule = Object.fromEntries(bpos.map((name) => [name.slice(0, 4), blobs]));
    const { slotNumber: __, ...fields } = valid;
    return parseGenesis(
      JSON.stringify({
        ...fields,
        config: {
          ...config,
          ...times,
          blobSchedule: { ...config.blobSchedule, ...schedule, ...blobSchedule },
        },
      }),
      nobleCrypto,
    );
  };

  test.each<[Record<string, number>, string?]>([
    [{ amsterdamTime: 360, bpo3Time: 420 }],
    [{ bpo3Time: 360, amsterdamTime: 420 }, 'config.bpo3Time is 360: expected no less than ams'],
    [{ bpo1Time: 5, bpo2Time: 6, amsterdamTime: 7, bogotaTime: 8, bpo3Time: 9, bpo5Time: 10 }],
    [{ bpo1Time: 9, bpo5Time: 9, amsterdamTime: 9, bogotaTime: 9 }],
    [{ bpo3Time: 5 }],
    [{ amsterdamTime: 5, bpo2Time: 6 }, 'config.amsterdamTime is 5: expected no less than bpo2'],
    [{ amsterdamTime: 6, bogotaTime: 5 }, 'config.bogotaTime is 5: expected no less than ams'],
    [{ bogotaTime: 6, bpo3Time: 5 }, 'config.bpo3Time is 5: expected no less than bogotaTime, 6'],
    [{ bpo4Time: 6, bpo5Time: 5 }, 'config.bpo5Time is 5: expected no less than bpo4Time, 6'],
  ])('FK-01 a schedule of %j', (times, message) => {
    if (message === undefined) {
      const entries = Object.entries(times).map(([name, time]) => [name.slice(0, -4), time]);
      expect(withTimes(times).config.forks).toMatchObject(Object.fromEntries(entries));
    } else {
      expect(() => withTimes(times)).toThrow(message);
    }
  });

  test('FK-02 blob parameters hold until those of the next fork that has some', () => {
    const times = { bpo1Time: 10, amsterdamTime: 20, bogotaTime: 30, bpo3Time: 40 };
    const other = { target: 1, max: 1, baseFeeUpdateFraction: 1 };
    const bpo3 = { target: 21, max: 32, baseFeeUpdateFraction: 20_609_697 };
    const schedule = { osaka: other, amsterdam: other, bogota: other, bpo2: other, bpo3 };
    const { config } = withTimes(times, schedule);
    const max = (time: number): number | undefined => blobParameters(config, time)?.max;
    expect([1, 9, 10, 19, 20, 30, 39, 40, 2 ** 50].map(max)).toEqual([...[9, 9, 15, 15, 15, 15, 15, 32, 32]]);
  });

  test('FK-02 a fork with blob parameters needs them, a fork without does not', () => {
    const missing = { bpo1: null };
    const message = 'config.blobSchedule.bpo1 is missing, but bpo1Time is set';
    expect(() => withTimes({ bpo1Time: 5 }, missing)).toThrow(message);
    expect(() => withTimes({ amsterdamTime: 5 }, { amsterdam: null })).not.toThrow();
  });

  test('FK-03 a genesis of Amsterdam has an empty access list and a slot number', () => {
    const { slotNumber: _, ...without } = valid;
    for (const [json, slot] of [
      [valid, 5],
      [without, 0],
      [{ ...valid, slotNumber: null }, 0],
      [{ ...valid, slotNumber: '0xffffffffffffffff' }, 2n ** 64n - 1n],
    ] as const) {
      const { header } = parseGenesis(JSON.stringify(json), nobleCrypto);
      expect(header.slotNumber).toBe(slot);
      expect(toHex(header.blockAccessListHash ?? new Uint8Array())).toBe(
        '1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
      );
    }
  });

  test('FK-03 before Amsterdam a genesis has neither, even if its file has them', () => {
    const osaka = { ...valid, config: { ...valid.config, amsterdamTime: 2 } };
    const { header, config } = parseGenesis(JSON.stringify(osaka), nobleCrypto);
    expect(header.slotNumber).toBeUndefined();
    expect(header.blockAccessListHash).toBeUndefined();
    expect(config.forks.amsterdam).toBe(2);
  });

  test('FK-03 every fork may be scheduled at the maximum time', () => {
    const never = '18446744073709551615';
    const text = fixture('amsterdam').replace('"amsterdamTime": 0', `"amsterdamTime": ${never}`);
    const { header, config } = parseGenesis(text, nobleCrypto);
    expect(config.forks.amsterdam).toBe(BigInt(never));
    const head = { number: 0, time: header.timestamp };
    const { next } = forkId(header.hash, forkSchedule(config, header.timestamp), head);
    expect(next).toBe(BigInt(never));
  });
});

/** Genesis hash, and the fork id after each fork: go-ethereum 1.17.10, `params` and `core/forkid`. */
const networks = {
  mainnet: {
    hash: 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
    forks: [
      [1_150_000, 0x97c2c34c],
      [1_920_000, 0x91d1f948],
      [2_463_000, 0x7a64da13],
      [2_675_000, 0x3edd5b10],
      [4_370_000, 0xa00bc324],
      [7_280_000, 0x668db0af],
      [9_069_000, 0x879d6e30],
      [9_200_000, 0xe029e991],
      [12_244_000, 0x0eb440f6],
      [12_965_000, 0xb715077d],
      [13_773_000, 0x20c327fc],
      [15_050_000, 0xf0afd0e3],
      [1_681_338_455, 0xdce96c2d],
      [1_710_338_135, 0x9f3d2254],
      [1_746_612_311, 0xc376cf8b],
      [1_764_798_551, 0x5167e2a6],
      [1_765_290_071, 0xcba2a1c0],
      [1_767_747_671, 0x07c9462e],
    ],
    later: ['amsterdam', 'bogota', 'bpo3', 'bpo4', 'bpo5', 'ubt'],
  },
  sepolia: {
    hash: '25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9',
    forks: [
      [1_735_371, 0xb96cbd13],
      [1_677_557_088, 0xf7f9bc08],
      [1_706_655_072, 0x88cf81d9],
      [1_741_159_776, 0xed88b5fd],
      [1_760_427_360, 0xe2ae4999],
      [1_761_017_184, 0x56078a1e],
      [1_761_607_008, 0x268956b6],
      [1_791_294_816, 0x6c1d9423],
    ],
    later: ['bogota', 'bpo3', 'bpo4', 'bpo5', 'ubt'],
  },
  hoodi: {
    hash: 'bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b',
    forks: [
      [1_742_999_832, 0x0929e24e],
      [1_761_677_592, 0xe7e0e7ff],
      [1_762_365_720, 0x3893353e],
      [1_762_955_544, 0x23aa1351],
    ],
    later: ['amsterdam', 'bogota', 'bpo3', 'bpo4', 'bpo5', 'ubt'],
  },
} as const;

describe.each(Object.entries(networks))('%s', (name, { hash, forks, later }) => {
  const { header, config } = networkGenesis(name as keyof typeof networks, nobleCrypto);
  const schedule = forkSchedule(config, header.timestamp);

  test('ND-04 it has its published genesis hash', () => {
    expect(toHex(header.hash)).toBe(hash);
  });

  test('ET-04 it has its published fork id before and after each fork', () => {
    for (const [i, [point, checksum]] of forks.entries()) {
      const isTime = point > 1_000_000_000;
      const at = (value: number) =>
        forkId(header.hash, schedule, {
          number: isTime ? 16_000_000 : value,
          time: isTime ? value : header.timestamp,
        });
      expect(at(point - 1).next).toBe(BigInt(point));
      expect(at(point)).toEqual({ hash: checksum, next: BigInt(forks[i + 1]?.[0] ?? 0) });
    }
    for (const fork of later) expect(config.forks[fork]).toBe(Number.POSITIVE_INFINITY);
  });
});
