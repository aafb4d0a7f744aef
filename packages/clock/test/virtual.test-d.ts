import { expectTypeOf, test } from 'vitest';
import { type Clock, createVirtualClock, type Timer, type VirtualClock } from '../src/virtual.ts';

test('@devp2p/clock/virtual exports the types in its signatures', () => {
  expectTypeOf(createVirtualClock).returns.toEqualTypeOf<VirtualClock>();
  expectTypeOf<VirtualClock>().toExtend<Clock>();
  expectTypeOf<VirtualClock['setTimeout']>().returns.toEqualTypeOf<Timer>();
});
