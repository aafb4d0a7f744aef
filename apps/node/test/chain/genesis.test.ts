import { readFileSync } from 'node:fs';
import { nobleCrypto } from '@devp2p/crypto';
import { toHex } from '@devp2p/enr';
import { decodeBody, forkId } from '@devp2p/eth';
import { describe, expect, test } from 'vitest';
import { forkSchedule } from '../../src/chain/chain-config.ts';
import { ChainError } from '../../src/chain/error.ts';
import { parseGenesis } from '../../src/chain/genesis.ts';
import { networkGenesis } from '../../src/chain/networks.ts';

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
    ['no config', { ...valid, config: undefined }, 'config: missing'],
    ['no chain id', withConfig({ chainId: null }), 'config.chainId: missing'],
    ['a fraction', withConfig({ pragueTime: 1.5 }), 'config.pragueTime: expected a whole number'],
    ['a negative number', withConfig({ londonBlock: -1 }), 'config.londonBlock: expected a whole'],
    ['a word', { ...valid, gasLimit: 'much' }, 'gasLimit: expected a whole number'],
    ['no gas limit', { ...valid, gasLimit: undefined }, 'gasLimit: missing'],
    ['too wide', { ...valid, nonce: '0x10000000000000000' }, 'nonce: expected at most 64 bits'],
    ['half a byte', { ...valid, extraData: '0x123' }, 'extraData: expected 0x and an even number'],
    ['a short hash', { ...valid, mixHash: '0x12' }, 'mixHash: expected 64 hex digits'],
    ['a short address', { ...valid, coinbase: '0x12' }, 'coinbase: expected 40 hex digits'],
    ['a later start', { ...valid, number: 5 }, 'number: expected 0'],
    ['a list of accounts', { ...valid, alloc: [] }, 'alloc: expected an object'],
    [
      'an account under a name',
      { ...valid, alloc: { bob: { balance: 0 } } },
      'alloc.bob: expected 40',
    ],
    [
      'an account without a balance',
      withAccount({}),
      'alloc.00000000000000000000000000000000000000a1.balance: missing',
    ],
    ['a balance that is a list', withAccount({ balance: [] }), '.balance: expected a whole number'],
    ['code that is not hex', withAccount({ balance: 0, code: '0xzz' }), '.code: expected 0x'],
    [
      'a long slot',
      withAccount({ balance: 0, storage: { [`0x${'11'.repeat(33)}`]: '0x01' } }),
      'expected up to 32 bytes in hex',
    ],
    [
      'forks out of order',
      withConfig({ cancunTime: 5, pragueTime: 4 }),
      'config.pragueTime: 4 comes before cancunTime, 5',
    ],
    [
      'a fork left out',
      withConfig({ berlinBlock: undefined }),
      'config.londonBlock: set, but berlinBlock is not',
    ],
    [
      'no blob parameters',
      withConfig({ blobSchedule: { cancun: valid.config.blobSchedule.cancun } }),
      'config.blobSchedule.prague: missing, but pragueTime is set',
    ],
    [
      'blob parameters without a maximum',
      withConfig({ blobSchedule: { cancun: { target: 1 } } }),
      'config.blobSchedule.cancun.max: missing',
    ],
    ['a binary trie', withConfig({ ubtTime: 0 }), 'config.ubtTime: binary tries are not supported'],
    [
      'blob gas before Cancun',
      { ...withConfig({ cancunTime: 9, pragueTime: 9 }) },
      'blobGasUsed: set, but Cancun comes later',
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

describe('networks', () => {
  // Genesis hashes and the last fork id of each table: networks.json and forkid.json of the specification.
  test.each([
    ['mainnet', 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3', 0x07c9462e],
    ['sepolia', '25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9', 0x6c1d9423],
    ['hoodi', 'bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b', 0x23aa1351],
  ] as const)('ND-04 %s has its published genesis hash and fork id', (name, hash, checksum) => {
    const { header, config } = networkGenesis(name, nobleCrypto);
    expect(toHex(header.hash)).toBe(hash);
    const schedule = forkSchedule(config, header.timestamp);
    const afterAll = { number: 30_000_000, time: 2 ** 32 };
    expect(forkId(header.hash, schedule, afterAll)).toEqual({ hash: checksum, next: 0n });
  });
});
