import { expectTypeOf, test } from 'vitest';
import { type Clock, type Timer, type VirtualClock, virtualClock } from '../src/virtual.ts';

test('@devp2p/clock/virtual exports the types in its signatures', () => {
  expectTypeOf(virtualClock).returns.toEqualTypeOf<VirtualClock>();
  expectTypeOf<VirtualClock>().toExtend<Clock>();
  expectTypeOf<VirtualClock['setTimeout']>().returns.toEqualTypeOf<Timer>();
});
