import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFetcherWorld, range } from './fetcher-world.ts';

const none = { waiting: 0, queued: 0, fetching: 0 };

describe('what is fetched', () => {
  test('TP-22 what the pool does not want is dropped', async () => {
    const world = createFetcherWorld();
    world.unwanted.add(2);
    expect(world.announce('a', [1, 2, 3])).toBe(2);
    await world.clock.advance(500);
    expect(world.requests).toEqual([[500, 'a', [1, 3]]]);
  });

  test('TP-23 a peer has at most 4096 transactions; the surplus of a message is cut', async () => {
    const world = createFetcherWorld();
    expect(world.announce('a', range(0, 3000))).toBe(3000);
    expect(world.announce('a', range(3000, 6000))).toBe(1096);
    expect(world.announce('a', [9999])).toBe(0);
    expect(world.fetcher.announcedBy('a')).toBe(4096);
    expect(world.announce('b', [5000, 0])).toBe(2);
    world.broadcast('b', [0]);
    expect(world.announce('a', [9999, 10_000])).toBe(1);
  });

  test('TP-23 known and repeated ones do not count', () => {
    const world = createFetcherWorld();
    for (const number of range(0, 4000)) world.unwanted.add(number);
    expect(world.announce('a', range(0, 8096))).toBe(4096);
    expect(world.announce('a', range(4000, 8096))).toBe(0);
    expect(world.fetcher.announcedBy('a')).toBe(4096);
  });
});

describe('when it is requested', () => {
  test('TP-23 500 ms after the announcement, those of the next 100 ms with it', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1]);
    await world.clock.advance(99);
    world.announce('a', [2]);
    await world.clock.advance(1);
    world.announce('b', [3]);
    await world.clock.advance(1000);
    expect(world.requests).toEqual([
      [500, 'a', [1, 2]],
      [600, 'b', [3]],
    ]);
  });

  test('TP-23 a transaction that arrives whole before is not requested', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1, 2]);
    await world.clock.advance(499);
    world.broadcast('b', [1]);
    await world.clock.advance(1000);
    expect(world.requests).toEqual([[500, 'a', [2]]]);
  });

  test('TP-23 blob transactions are requested at once', () => {
    const world = createFetcherWorld();
    world.announce('a', [1], 3);
    expect(world.requests).toEqual([[0, 'a', [1]]]);
  });

  test('TP-23 one announcer at a time, one request of each peer at a time', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1, 2]);
    world.announce('b', [1, 2, 3]);
    await world.clock.advance(500);
    const numbers = world.requests.flatMap(([, , requested]) => requested);
    expect(numbers.toSorted()).toEqual([1, 2, 3]);
    expect(new Set(world.requests.map(([, peer]) => peer)).size).toBe(world.requests.length);
  });

  test('TP-23 an announcement of a queued transaction by an idle peer is used at once', async () => {
    const world = createFetcherWorld();
    world.announce('a', range(0, 300));
    await world.clock.advance(500);
    expect(world.requests).toHaveLength(1);
    world.announce('b', [299]);
    expect(world.requests[1]).toEqual([500, 'b', [299]]);
  });

  test('TP-23 at most 256 in a request, in order of arrival', async () => {
    const world = createFetcherWorld();
    world.announce('a', range(300, 600));
    world.announce('a', range(0, 300));
    await world.clock.advance(500);
    world.respond('a', range(300, 556));
    expect(world.requests.map(([, , numbers]) => numbers)).toEqual([
      range(300, 556),
      [...range(556, 600), ...range(0, 212)],
    ]);
  });

  test('TP-23 a request is closed once 128 KiB are reached, and its last may pass it', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1], 2, 131_071);
    world.announce('a', [2], 2, 100_000);
    world.announce('a', [3], 2, 1);
    await world.clock.advance(500);
    expect(world.requests).toEqual([[500, 'a', [1, 2]]]);
  });
});

describe('late and partial responses', () => {
  test('TP-24 after 5 s other announcers are asked; the late one gets no request until it answers', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1]);
    await world.clock.advance(500);
    world.announce('b', [1]);
    world.announce('a', [2]);
    await world.clock.advance(4999);
    expect(world.requests).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.requests[1]).toEqual([5500, 'b', [1]]);
    await world.clock.advance(60_000);
    // Transaction 2 has no other announcer; b has not answered, either.
    expect(world.requests).toHaveLength(2);
    world.respond('a', []);
    expect(world.requests[2]).toEqual([65_500, 'a', [2]]);
    // The late one is not asked for the first one again.
    world.respond('a', [2]);
    expect(world.requests).toHaveLength(3);
  });

  test('TP-24 a late delivery counts', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1]);
    world.announce('b', [1]);
    await world.clock.advance(5500);
    expect(world.requests).toHaveLength(2);
    const [, first] = world.requests[0] ?? [];
    const [, second] = world.requests[1] ?? [];
    world.respond(first as string, [1]);
    expect(world.fetcher.size()).toEqual(none);
    world.respond(second as string, [1]);
    await world.clock.advance(60_000);
    expect(world.requests).toHaveLength(2);
  });

  test('TP-24 those before the last delivered one are not asked of the peer again, those after it are', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1, 2, 3, 4, 5]);
    await world.clock.advance(500);
    world.announce('b', [2, 4]);
    world.respond('a', [1, 3]);
    expect(world.requests.slice(1)).toEqual([
      [500, 'b', [2, 4]],
      [500, 'a', [5]],
    ]);
  });

  test('TP-24 a peer that delivers nothing is not asked for any of them again', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1, 2]);
    await world.clock.advance(500);
    world.respond('a', []);
    await world.clock.advance(60_000);
    expect(world.requests).toHaveLength(1);
    expect(world.fetcher.size()).toEqual(none);
    expect(world.fetcher.announcedBy('a')).toBe(0);
  });

  test('TP-24 what a broadcast brings during a request is not asked twice', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1, 2]);
    await world.clock.advance(500);
    world.announce('b', [1, 2]);
    world.broadcast('c', [1]);
    world.respond('a', []);
    expect(world.requests.slice(1)).toEqual([[500, 'b', [2]]]);
  });

  test('TP-24 a peer gets its next request when the pool has seen the response', async () => {
    const world = createFetcherWorld();
    world.announce('a', range(0, 300));
    await world.clock.advance(500);
    world.fetcher.answered('a', new Set());
    await world.clock.advance(10_000);
    expect(world.requests).toHaveLength(1);
    world.fetcher.finished('a', []);
    expect(world.requests[1]).toEqual([10_500, 'a', range(256, 300)]);
  });

  test('TP-24 the transactions of a peer that disconnects go to others', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1, 2]);
    await world.clock.advance(500);
    world.announce('b', [2]);
    world.announce('a', [3]);
    world.fetcher.removePeer('a');
    expect(world.requests.slice(1)).toEqual([[500, 'b', [2]]]);
    await world.clock.advance(60_000);
    expect(world.requests).toHaveLength(2);
    expect(world.fetcher.announcedBy('a')).toBe(0);
  });
});

describe('false announcements', () => {
  test('TP-25 each announcer of a wrong type or size is dropped when the transaction arrives from any peer', async () => {
    const world = createFetcherWorld();
    world.announce('type', [1], 1);
    world.announce('long', [1], 2, 109);
    world.announce('short', [1], 2, 91);
    world.announce('a little long', [1], 2, 108);
    world.announce('a little short', [1], 2, 92);
    world.broadcast('another', [1]);
    expect(world.liars).toEqual(['type', 'long', 'short']);
    expect(world.fetcher.announcedBy('a little long')).toBe(0);
  });

  test.each(['waiting', 'fetching'])('TP-25 also of a transaction that is %s', async (stage) => {
    const world = createFetcherWorld();
    world.announce('a', [1], 1);
    if (stage === 'fetching') await world.clock.advance(500);
    world.announce('b', [1], 1);
    world.broadcast('c', [1]);
    expect(world.liars).toEqual(['a', 'b']);
  });

  test('TP-25 the first announcement of a peer counts, changed repeats are ignored', () => {
    const world = createFetcherWorld();
    world.announce('a', [1]);
    world.announce('a', [1], 1, 7);
    world.announce('b', [2], 1, 7);
    world.announce('b', [2]);
    world.broadcast('c', [1, 2]);
    expect(world.liars).toEqual(['b']);
  });

  test('HX-17 a wrong delivery does not blame other announcers, and the transaction is fetched from them', async () => {
    const world = createFetcherWorld();
    world.announce('a', [1], 3, 500_000);
    world.announce('b', [1], 3, 500_000);
    // The pool has found the proofs of its blobs wrong, so that its size says nothing.
    world.respond('a', [1], [1]);
    expect(world.liars).toEqual([]);
    expect(world.requests).toEqual([
      [0, 'a', [1]],
      [0, 'b', [1]],
    ]);
  });

  test('HX-17 a sidecar that the pool has not verified does not blame other announcers for its size', () => {
    const world = createFetcherWorld();
    world.announce('a', [1], 3, 1_200_000);
    world.announce('b', [1], 3, 500_000);
    world.announce('type', [1], 2, 500_000);
    world.respondUnverified('a', [1], 1_200_000);
    expect(world.liars).toEqual(['type']);
    world.announce('a', [2], 3, 500_000);
    world.announce('b', [2], 3, 500_000);
    world.respondUnverified('a', [2], 1_200_000);
    expect(world.liars).toEqual(['type', 'a']);
  });

  test('HX-17 announced and never served: an honest announcer is asked within 5 s for each liar', async () => {
    const world = createFetcherWorld();
    for (const liar of ['l1', 'l2', 'l3']) world.announce(liar, range(0, 1000));
    world.announce('honest', range(0, 1000));
    const served = new Set<number>();
    for (let second = 0; second < 30; second++) {
      await world.clock.advance(1000);
      for (let i = 0; i < world.requests.length; i++) {
        const [, peer, numbers] = world.requests[i] as (typeof world.requests)[number];
        if (peer !== 'honest' || numbers.every((number) => served.has(number))) continue;
        for (const number of numbers) served.add(number);
        world.respond('honest', numbers);
      }
    }
    expect(served.size).toBe(1000);
    expect(world.fetcher.size()).toEqual(none);
  });
});

test('TP-35 no sequence of messages leaves a transaction stuck, asks twice, or exceeds a limit', async () => {
  const peers = ['a', 'b', 'c', 'd'];
  const peer = fc.constantFrom(...peers);
  const numbers = fc.uniqueArray(fc.nat(30), { maxLength: 12 });
  const step = fc.oneof(
    fc.record({ do: fc.constant('announce'), peer, numbers, type: fc.constantFrom(2, 2, 2, 3), ms: fc.nat(300) }),
    fc.record({ do: fc.constant('respond'), peer, numbers, type: fc.constant(2), ms: fc.nat(3000) }),
    fc.record({ do: fc.constant('broadcast'), peer, numbers, type: fc.constantFrom(2, 2, 3), ms: fc.nat(300) }),
    fc.record({ do: fc.constant('leave'), peer, numbers, type: fc.constant(2), ms: fc.nat(6000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
      const world = createFetcherWorld(seed);
      const open = new Map<string, readonly number[]>();
      let seen = 0;
      const look = (): void => {
        for (; seen < world.requests.length; seen++) {
          const [, asked, requested] = world.requests[seen] as (typeof world.requests)[number];
          expect(open.has(asked)).toBe(false);
          expect(new Set(requested).size).toBe(requested.length);
          open.set(asked, requested);
        }
      };
      for (const each of steps) {
        if (each.do === 'announce') world.announce(each.peer, each.numbers, each.type);
        else if (each.do === 'broadcast') world.broadcast(each.peer, each.numbers, each.type);
        else if (each.do === 'leave') {
          open.delete(each.peer);
          world.fetcher.removePeer(each.peer);
        } else {
          const request = open.get(each.peer);
          open.delete(each.peer);
          if (request !== undefined) {
            const found = request.filter((number) => each.numbers.includes(number));
            world.respond(each.peer, found, found.slice(0, each.ms % 2));
          }
        }
        for (const liar of world.liars.splice(0)) open.delete(liar);
        look();
        await world.clock.advance(each.ms);
        look();
      }
      // All peers answer with nothing until they have no request: nothing is left.
      for (let i = 0; i < 200; i++) {
        await world.clock.advance(1000);
        look();
        const [next] = open.keys();
        if (next === undefined && i > 10) break;
        if (next === undefined) continue;
        open.delete(next);
        world.respond(next, []);
      }
      expect(world.fetcher.size()).toEqual(none);
      for (const each of peers) expect(world.fetcher.announcedBy(each)).toBe(0);
    }),
    { numRuns: 300 },
  );
});
