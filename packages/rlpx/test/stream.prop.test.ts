import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connected } from './transports.ts';

/** Operations at one end: on the stream, on its transport, or on the signal of all calls. */
type Step = { readonly end: 'a' | 'b'; readonly signal: boolean } & (
  | { readonly does: 'read' | 'close' | 'destroy' | 'break' | 'abort' }
  | { readonly does: 'write'; readonly size: number }
  | { readonly does: 'wait'; readonly ms: number }
);

const at = { end: fc.constantFrom('a' as const, 'b' as const), signal: fc.boolean() };
const often = [
  fc.record({ ...at, does: fc.constant('read' as const) }),
  fc.record({
    ...at,
    does: fc.constant('write' as const),
    size: fc.constantFrom(0, 9_000, 90_000),
  }),
  fc.record({
    ...at,
    does: fc.constant('wait' as const),
    ms: fc.constantFrom(0, 0, 1_000, 31_000),
  }),
].map((arbitrary) => ({ arbitrary, weight: 8 }));
const seldom = (['abort', 'close', 'destroy', 'break'] as const).map((does) => ({
  arbitrary: fc.record({ ...at, does: fc.constant(does) }),
  weight: 1,
}));
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof<fc.WeightedArbitrary<Step>[]>(...often, ...seldom), {
  minLength: 10,
  maxLength: 40,
});

test('RX-13 every call settles, for any calls at either end in any order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const limits = { highWaterMark: 50_000, maxBuffered: 200_000, readAhead: 10_000 };
      const { clock, a, b, transportA, transportB } = await connected(limits, limits);
      const abort = new AbortController();
      const pending = new Set<Promise<unknown>>();
      const follow = (call: Promise<unknown>): void => {
        pending.add(call);
        call.catch(() => {}).finally(() => pending.delete(call));
      };
      for (const step of list) {
        const [stream, transport] = step.end === 'a' ? [a, transportA] : [b, transportB];
        const options = step.signal ? { signal: abort.signal } : {};
        if (step.does === 'read') follow(stream.read(options));
        else if (step.does === 'write') follow(stream.write(7, new Uint8Array(step.size), options));
        else if (step.does === 'close') follow(stream.close());
        else if (step.does === 'destroy') stream.destroy();
        else if (step.does === 'break') transport.destroy(new Error('broken'));
        else if (step.does === 'wait') await clock.advance(step.ms);
        else abort.abort();
      }
      follow(a.close());
      follow(b.close());
      await clock.advance(2_000);
      expect([pending.size, clock.pending]).toEqual([0, 0]);
    }),
    { numRuns: 60 },
  );
});
