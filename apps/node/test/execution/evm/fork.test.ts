import { nobleCrypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import { chainConfig } from '../../../src/config/genesis/genesis.ts';
import { forkOf } from '../../../src/execution/evm/fork.ts';
import { createCommons } from '../../../src/execution/evm/rules/library-parameters.ts';

const blockForks = {
  homesteadBlock: 1,
  daoForkBlock: 2,
  eip150Block: 3,
  eip155Block: 4,
  eip158Block: 5,
  byzantiumBlock: 6,
  constantinopleBlock: 7,
  petersburgBlock: 8,
  istanbulBlock: 9,
  muirGlacierBlock: 10,
  berlinBlock: 11,
  londonBlock: 12,
  arrowGlacierBlock: 13,
  grayGlacierBlock: 14,
};
const blob = (target: number) => ({ target, max: 2 * target, baseFeeUpdateFraction: BigInt(1000 * target) });
const rest = { chainId: 5n, daoForkSupport: false, depositContractAddress: new Uint8Array(20) };
const config = chainConfig({
  ...rest,
  ...blockForks,
  terminalTotalDifficulty: 0n,
  shanghaiTime: 100,
  cancunTime: 200,
  pragueTime: 300,
  osakaTime: 400,
  bpo1Time: 500,
  bpo2Time: 600,
  amsterdamTime: 700,
  bpo3Time: 800,
  bpo4Time: 900,
  bpo5Time: 1000,
  blobSchedule: {
    cancun: blob(3),
    prague: blob(6),
    bpo1: blob(10),
    bpo2: blob(14),
    bpo3: blob(21),
    bpo4: blob(28),
    bpo5: blob(35),
  },
});

test.each([
  [0, 'chainstart'],
  [1, 'homestead'],
  [2, 'dao'],
  [3, 'tangerineWhistle'],
  [4, 'tangerineWhistle'],
  [5, 'spuriousDragon'],
  [6, 'byzantium'],
  [7, 'constantinople'],
  [8, 'petersburg'],
  [9, 'istanbul'],
  [10, 'muirGlacier'],
  [11, 'berlin'],
  [12, 'london'],
  [13, 'arrowGlacier'],
  [14, 'grayGlacier'],
])('FK-22 block %i of proof of work has the rules of %s at any time', (number, fork) => {
  const common = createCommons(config, nobleCrypto).of({ number, timestamp: 1000, difficulty: 1n });
  expect(common.hardfork()).toBe(fork);
  expect(common.chainId()).toBe(5n);
});

test.each([
  [99, 'paris', undefined],
  [100, 'shanghai', undefined],
  [199, 'shanghai', undefined],
  [200, 'cancun', 3],
  [300, 'prague', 6],
  [400, 'osaka', 6],
  [499, 'osaka', 6],
  [500, 'bpo1', 10],
  [600, 'bpo2', 14],
  [699, 'bpo2', 14],
  [700, 'amsterdam', 14],
  [800, 'bpo3', 21],
  [900, 'bpo4', 28],
  [1000, 'bpo5', 35],
])('FK-22 at time %i the fork is %s, with %s blobs as the target', (timestamp, fork, target) => {
  const common = createCommons(config, nobleCrypto).of({ number: 20, timestamp, difficulty: 0n });
  expect(common.hardfork()).toBe(fork);
  if (target === undefined) {
    expect(() => common.getBlobGasSchedule()).toThrow('no blobs');
    return;
  }
  expect(common.getBlobGasSchedule()).toEqual({
    targetBlobGasPerBlock: BigInt(target * 2 ** 17),
    maxBlobGasPerBlock: BigInt(2 * target * 2 ** 17),
    blobGasPriceUpdateFraction: BigInt(1000 * target),
  });
});

test('FK-21 the rules of Amsterdam hold after it', () => {
  const commons = createCommons(config, nobleCrypto);
  const eips = [2780, 7708, 7843, 7778, 7928, 7954, 7976, 7981, 7997, 8024, 8037, 8038, 8246, 8282];
  for (const timestamp of [700, 1000]) {
    const common = commons.of({ number: 20, timestamp, difficulty: 0n });
    expect(eips.filter((eip) => !common.isActivatedEIP(eip))).toEqual([]);
    expect([common.gteHardfork('amsterdam'), common.gteHardfork('osaka')]).toEqual([true, true]);
  }
  expect(commons.of({ number: 20, timestamp: 699, difficulty: 0n }).isActivatedEIP(7928)).toBe(false);
});

test('blocks of a fork share its parameters, which cannot be changed', () => {
  const commons = createCommons(config, nobleCrypto);
  const common = commons.of({ number: 20, timestamp: 700, difficulty: 0n });
  expect(commons.of({ number: 21, timestamp: 799, difficulty: 0n })).toBe(common);
  expect(() => common.setHardfork('london')).toThrow('cannot become those of london');
  common.updateParams({ 1: { addGas: 99 } });
  expect(common.param('addGas')).toBe(3n);
});

test('Petersburg comes with Constantinople when it is not scheduled', () => {
  const { petersburgBlock: _, ...forks } = blockForks;
  const { homesteadBlock, eip150Block, eip155Block, eip158Block, byzantiumBlock, constantinopleBlock } = forks;
  const json = { homesteadBlock, eip150Block, eip155Block, eip158Block, byzantiumBlock, constantinopleBlock };
  expect(forkOf(chainConfig({ ...rest, ...json, blobSchedule: {} }), { number: 7, timestamp: 0, difficulty: 1n })).toBe(
    'petersburg',
  );
});
