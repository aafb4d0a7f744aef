import { expect, test } from 'vitest';
import { forkId, forkSchedule } from '../src/index.ts';

const mainnet = {
  config: {
    chainId: 1,
    homesteadBlock: 1_150_000,
    daoForkBlock: 1_920_000,
    daoForkSupport: true,
    eip150Block: 2_463_000,
    eip155Block: 2_675_000,
    eip158Block: 2_675_000,
    byzantiumBlock: 4_370_000,
    constantinopleBlock: 7_280_000,
    petersburgBlock: 7_280_000,
    istanbulBlock: 9_069_000,
    muirGlacierBlock: 9_200_000,
    berlinBlock: 12_244_000,
    londonBlock: 12_965_000,
    arrowGlacierBlock: 13_773_000,
    grayGlacierBlock: 15_050_000,
    mergeNetsplitBlock: null,
    shanghaiTime: 1_681_338_455,
    cancunTime: 1_710_338_135,
    pragueTime: 1_746_612_311,
    osakaTime: 1_764_798_551,
    bpo1Time: 1_765_290_071,
    bpo2Time: 1_767_747_671,
    unknownTime: 1,
  },
  timestamp: '0x0',
};
const genesisHash = Uint8Array.from(
  Buffer.from('d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3', 'hex'),
);

test('ET-04 the schedule of a genesis.json gives the published fork ids of mainnet', () => {
  const forks = forkSchedule(mainnet);
  const id = (number: number, time: number) => forkId(genesisHash, forks, { number, time });
  expect(id(0, 0)).toEqual({ hash: 0xfc64ec04, next: 1_150_000n });
  expect(id(20_000_000, 1_746_612_311)).toEqual({ hash: 0xc376cf8b, next: 1_764_798_551n });
  expect(id(40_000_000, 1_767_747_671)).toEqual({ hash: 0x07c9462e, next: 0n });
});

test('ET-04 forks at the genesis, a time in decimal, bigints', () => {
  const config = { londonBlock: 0, shanghaiTime: 0, cancunTime: 2n ** 60n };
  expect(forkSchedule({ config, timestamp: '1000' })).toEqual({
    blocks: [0],
    times: [0, 2n ** 60n],
    genesisTime: 1000,
  });
  expect(forkSchedule({ config: {} })).toEqual({ blocks: [], times: [], genesisTime: 0 });
});

test.each<[string, unknown, string]>([
  ['text', { config: { londonBlock: '5' } }, 'genesis.config.londonBlock is "5"'],
  ['a fraction', { config: { cancunTime: 1.5 } }, 'genesis.config.cancunTime is 1.5'],
  ['a negative time', { config: {}, timestamp: -1 }, 'genesis.timestamp is -1'],
  ['another time', { config: {}, timestamp: 'now' }, 'genesis.timestamp is "now"'],
  ['no config', {}, 'genesis.config is undefined'],
  ['a path', 'genesis.json', 'genesis is "genesis.json"'],
])('ET-04 a genesis with %s is refused', (_, genesis, text) => {
  expect(() => forkSchedule(genesis as Parameters<typeof forkSchedule>[0])).toThrow(text);
});
