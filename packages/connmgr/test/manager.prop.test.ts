import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, FakeConnection, identityOf, ipOf, type Outcome, world } from './world.ts';

/** Events; numbers choose among the present requests or addresses. */
type Event =
  | { readonly do: 'connect'; readonly n: number; readonly permanent: boolean }
  | { readonly do: 'trust'; readonly n: number }
  | { readonly do: 'distrust'; readonly n: number }
  | {
      readonly do: 'drop' | 'disconnect' | 'remove' | 'ban' | 'addBanScore' | 'markUseful';
      readonly n: number;
    }
  | { readonly do: 'enter'; readonly n: number; readonly handshake: number }
  | { readonly do: 'network'; readonly active: boolean }
  | { readonly do: 'wait'; readonly ms: number };

const n = fc.nat(40);
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ do: fc.constant('connect' as const), n, permanent: fc.boolean() }),
  fc.record({ do: fc.constantFrom('trust' as const, 'distrust' as const), n }),
  fc.record({
    do: fc.constantFrom('drop', 'drop', 'disconnect', 'remove', 'ban', 'addBanScore', 'markUseful'),
    n,
  }) as fc.Arbitrary<Event>,
  fc.record({ do: fc.constant('enter' as const), n, handshake: fc.nat(15_000) }),
  fc.record({ do: fc.constant('network' as const), active: fc.boolean() }),
  { arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60) }), weight: 3 },
  fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60_000) }),
);
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ up: fc.nat(50) }),
  fc.record({ down: fc.nat(50) }),
  fc.constant('hangs' as const),
  // Ignores its signal.
  fc.record({ up: fc.integer({ min: 10_000, max: 20_000 }) }),
);

const target = 4;
const maxInbound = 24;

test('CM-07 CM-08 CM-09 CM-10 CM-11 in every sequence of events limits hold, slots are released once, and no socket stays open', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 60 }),
      fc.array(outcome, { minLength: 1, maxLength: 20 }),
      async (events, outcomes) => {
        let isHealthy = false;
        let next = 0;
        const one = world((_, dial) => (isHealthy ? { up: 5 } : (outcomes[dial % outcomes.length] ?? 'hangs')), {
          targetOutbound: target,
          maxInbound,
          maxActiveDials: 6,
          retryDelay: 1_000,
          nextAddress: () => (isHealthy ? address(1_000 + next++) : address(next++ % 60)),
          inboundThrottle: 100,
          identify: ({ name }) => identityOf(name),
        });
        const { manager, clock, sockets, reported } = one;
        const incoming: FakeConnection[] = [];
        let removed = 0;

        const check = (): void => {
          const { requests, outbound, inbound, networkActive } = manager.snapshot();
          const established = requests.filter(({ state }) => state === 'established');
          const dynamic = requests.filter(({ kind }) => kind === 'dynamic');
          expect(dynamic).toHaveLength(target - removed);
          expect(outbound).toBeLessThanOrEqual(target);
          const statics = new Set(requests.filter(({ permanent }) => permanent).map(({ identity }) => identity));
          const counted = established.filter(
            ({ kind, trusted, identity }) => kind === 'inbound' && !trusted && !statics.has(identity),
          );
          expect(counted.length).toBeLessThanOrEqual(maxInbound);
          const dialing = requests.filter(({ step }) => step === 'dialing');
          expect(dialing.length).toBeLessThanOrEqual(6);
          const identities = established.map(({ identity }) => identity);
          expect(new Set(identities).size).toBe(identities.length);
          const groups = dynamic
            .filter(({ state }) => state === 'established')
            .map(({ ip }) => ip?.subarray(0, 2).join());
          expect(new Set(groups).size).toBe(groups.length);
          const open = [...sockets, ...incoming].filter(({ isOpen }) => isOpen);
          expect(open).toHaveLength(established.length);
          expect(inbound).toBe(incoming.filter(({ isOpen }) => isOpen).length);
          if (!networkActive) expect(requests.filter(({ step }) => step === 'dialing')).toEqual([]);
          for (const { reasons } of [...sockets, ...incoming]) expect(reasons.length).toBeLessThan(2);
        };
        const act = (event: Event): void => {
          const { requests } = manager.snapshot();
          const chosen = 'n' in event ? requests[event.n % Math.max(1, requests.length)] : undefined;
          switch (event.do) {
            case 'connect':
              manager.connect(address(event.n), { permanent: event.permanent });
              break;
            case 'trust':
              manager.trust(`id${event.n}`);
              break;
            case 'distrust':
              manager.distrust(`id${event.n}`);
              break;
            case 'drop': {
              const open = [...sockets, ...incoming].filter(({ isOpen }) => isOpen);
              open[event.n % Math.max(1, open.length)]?.drop();
              break;
            }
            case 'disconnect':
              manager.disconnect(chosen?.id ?? 0);
              break;
            case 'remove':
              if (manager.remove(chosen?.id ?? 0) && chosen?.kind === 'dynamic') removed++;
              break;
            case 'ban':
              if (chosen?.ip) manager.ban(chosen.ip, { duration: 30_000 });
              break;
            case 'addBanScore':
              manager.addBanScore(chosen?.id ?? 0, { persistent: event.n, transient: 3 * event.n });
              break;
            case 'markUseful':
              manager.markUseful(chosen?.id ?? 0);
              break;
            case 'enter': {
              const name = address(event.n);
              const slot = manager.admitInbound({ ip: ipOf(name) });
              if (typeof slot === 'string') break;
              clock.setTimeout(() => {
                const connection = new FakeConnection(name);
                incoming.push(connection);
                slot.established(connection);
              }, event.handshake);
              break;
            }
            case 'network':
              manager.setNetworkActive(event.active);
              break;
            case 'wait':
              break;
          }
        };

        manager.start();
        for (const event of events) {
          act(event);
          await clock.advance(event.do === 'wait' ? event.ms : 0);
          check();
        }
        isHealthy = true;
        manager.setNetworkActive(true);
        await clock.advance(60_000);
        check();
        expect(manager.snapshot().outbound).toBe(target - removed);
        await one.end();

        const last = new Map<string, number>();
        for (const { address, at, kind } of one.dials) {
          const since = at - (last.get(address) ?? Number.NEGATIVE_INFINITY);
          if (kind === 'dynamic') expect(since).toBeGreaterThanOrEqual(35_000);
          last.set(address, at);
        }

        // Each connection is reported once as established and once as closed, in this order.
        const there: string[] = [];
        for (const line of reported) {
          const name = line.slice(1).split(' ')[0] ?? '';
          if (line.startsWith('+')) there.push(name);
          else expect(there.splice(there.indexOf(name), 1)).toEqual([name]);
        }
        expect(there).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

test('CM-07 there is no dial storm with any delay and any number of network switches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ ms: fc.nat(20), active: fc.boolean() }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 8 }),
      async (switches, slots) => {
        let next = 0;
        const { manager, clock, dials, end } = world(() => ({ down: 0 }), {
          targetOutbound: slots,
          retryDelay: 5,
          nextAddress: () => address(next++),
        });
        manager.start();
        for (const { ms, active } of switches) {
          manager.setNetworkActive(active);
          await clock.advance(ms);
        }
        // 25 at once, then each slot once in 5 ms; dials interrupted by a switch are repeated.
        const expected = 25 + slots * (1 + clock.monotonic() / 5 + switches.length);
        expect(dials.length).toBeLessThanOrEqual(expected);
        await end();
      },
    ),
    { numRuns: 40 },
  );
});
