import { createVirtualClock } from '@devp2p/clock/virtual';
import type { SealedHeader } from '@devp2p/eth';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextBaseFee } from '../../src/validation/fees.ts';
import { type DevScene, gwei, openDevScene } from './dev-scene.ts';

let scene: DevScene;
interface Found {
  readonly gasUsedRatio: number[];
  readonly baseFeePerGas: string[];
}
const quantity = (value: number | bigint): string => `0x${value.toString(16)}`;
const tips = [3n, 1n, 2n];

beforeAll(async () => {
  scene = await openDevScene({ clock: createVirtualClock({ now: 2_000_000_000_000 }), interval: 'calls' });
  const { dev, sign } = scene;
  for (let block = 0; block < 3; block++) {
    for (const [from, tip] of tips.entries()) {
      await dev.add(sign(from, block, { maxPriorityFeePerGas: tip * gwei, maxFeePerGas: 100n * gwei }));
    }
    await dev.mine();
  }
  await dev.mine();
});
afterAll(() => scene.dev.close());

const head = (): SealedHeader => scene.dev.chain.head;
const next = (): bigint => nextBaseFee(scene.dev.chain.genesis.config, head());

test('RP-23 the suggested tip is the 60th percentile of the lowest ones in recent blocks', async () => {
  // Three blocks have tips of 1, 2 and 3 gwei each, and the last one has none, so that it counts with the lowest price.
  expect(await scene.call('maxPriorityFeePerGas')).toBe(quantity(2n * gwei));
  expect(await scene.call('gasPrice')).toBe(quantity(2n * gwei + next()));
});

test('RP-23 the base fees of the next block', async () => {
  expect(await scene.call('baseFee')).toBe(quantity(next()));
  expect(await scene.call('blobBaseFee')).toBe('0x1');
});

test('RP-23 the history of fees has base fees, ratios and tips', async () => {
  const first = (await scene.dev.chain.header(1)) as SealedHeader;
  const found = (await scene.call('feeHistory', '0x4', 'latest', [0, 50, 100])) as Found;
  expect(found).toMatchObject({
    oldestBlock: '0x1',
    reward: [...Array(3).fill([1n, 2n, 3n].map((tip) => quantity(tip * gwei))), ['0x0', '0x0', '0x0']],
    blobGasUsedRatio: [0, 0, 0, 0],
    baseFeePerBlobGas: Array(5).fill('0x1'),
  });
  expect(found.gasUsedRatio).toHaveLength(4);
  expect(found.gasUsedRatio[0]).toBe(63_000 / Number(first.gasLimit));
  expect(found.baseFeePerGas[0]).toBe(quantity(first.baseFeePerGas ?? 0n));
  expect(found.baseFeePerGas.at(-1)).toBe(quantity(next()));
  expect(found.baseFeePerGas).toHaveLength(5);
});

test('RP-23 a longer history is cut, and one without percentiles has no tips', async () => {
  const found = (await scene.call('feeHistory', '0x2000', 'latest')) as Found;
  expect(found).toMatchObject({ oldestBlock: '0x0' });
  expect(found.gasUsedRatio).toHaveLength(5);
  expect(found).not.toHaveProperty('reward');
  expect(await scene.call('feeHistory', '0x0', 'latest', [])).toEqual({ oldestBlock: '0x0', gasUsedRatio: null });
  expect(await scene.call('feeHistory', 2, '0x2', [])).toMatchObject({ oldestBlock: '0x1' });
});

test.each([
  ['beyond the head', ['0x1', '0x63', []], -32000],
  ['with percentiles that do not ascend', ['0x1', 'latest', [50, 10]], -32000],
  ['with a percentile above 100', ['0x1', 'latest', [101]], -32000],
  ['with 101 percentiles', ['0x1', 'latest', Array.from({ length: 101 }, (_, i) => i / 2)], -32000],
  ['with percentiles of text', ['0x1', 'latest', ['50']], -32602],
  ['without a block', ['0x1'], -32602],
])('RP-23 a history %s is refused', async (_, params, number) => {
  await expect(scene.call('feeHistory', ...params)).rejects.toMatchObject({ number });
});
