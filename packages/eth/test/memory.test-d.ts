import { expectTypeOf, test } from 'vitest';
import {
  type Chain,
  type ChainRange,
  type ForkSchedule,
  type MemoryChain,
  type MemoryChainOptions,
  memoryChain,
} from '../src/memory.ts';

test('@devp2p/eth/memory exports the types of its functions', () => {
  expectTypeOf(memoryChain).returns.toEqualTypeOf<MemoryChain>();
  expectTypeOf<MemoryChain>().toExtend<Chain>();
  expectTypeOf<MemoryChain['range']>().returns.toEqualTypeOf<ChainRange>();
  expectTypeOf<MemoryChainOptions['forks']>().toEqualTypeOf<ForkSchedule | undefined>();
});
