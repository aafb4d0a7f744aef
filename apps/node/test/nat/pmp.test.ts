import { createSocket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import { type FakePmp, fakePmp, loopback, type PmpRequest, pmpAnswer } from './fake-gateway.ts';
import { mapped } from './mapped.ts';

const own = { tcp: 30303, udp: 30304 };
const minutes = 60_000;

function summary({ op, port, external, lifetime }: PmpRequest): unknown[] {
  return op === 'address' ? [op] : [op, port, external, lifetime];
}

async function take(gateway: FakePmp, count: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  for (let i = 0; i < count; i++) taken.push(summary(await gateway.requests.next()));
  return taken;
}

describe('NAT-PMP', () => {
  test('ND-15 both ports are mapped for 10 min, refreshed after 8 and deleted on close', async () => {
    await using gateway = await fakePmp();
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    expect(await node.pause()).toBe(8 * minutes);
    const mappings = [['address'], ['tcp', 30303, 30303, 600], ['udp', 30304, 30304, 600]];
    expect(await take(gateway, 4)).toEqual([['address'], ...mappings]);
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
    expect(node.lines).toEqual(['ports mapped']);

    await node.clock.advance(8 * minutes - 1);
    expect(gateway.requests.all).toHaveLength(4);
    await node.clock.advance(1);
    expect(await node.pause()).toBe(8 * minutes);
    expect(await take(gateway, 3)).toEqual(mappings);
    expect(node.endpoints).toHaveLength(1);
    expect(node.lines).toHaveLength(1);

    await node.close();
    const returned = await take(gateway, 2);
    expect(returned).toEqual([
      ['tcp', 30303, 0, 0],
      ['udp', 30304, 0, 0],
    ]);
    expect(node.clock.pending).toBe(0);
    expect(node.endpoints).toHaveLength(1);
  });

  test('ND-15 external ports that differ are announced, and requested on refresh', async () => {
    await using gateway = await fakePmp(pmpAnswer({ shift: 7 }));
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    await node.pause();
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', tcp: 30310, udp: 30311 }]);
    await take(gateway, 4);
    await node.clock.advance(8 * minutes);
    await node.pause();
    expect(await take(gateway, 3)).toEqual([['address'], ['tcp', 30303, 30310, 600], ['udp', 30304, 30311, 600]]);
    expect(node.endpoints).toHaveLength(1);
  });

  test.each([
    [100, 80_000],
    [1, 15_000],
    [86_400, 8 * minutes],
  ])('ND-15 a lease of %i s is refreshed after %i ms', async (lifetime, pause) => {
    await using gateway = await fakePmp(pmpAnswer({ lifetime }));
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    expect(await node.pause()).toBe(pause);
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
  });

  test('ND-15 a new external address is announced', async () => {
    await using gateway = await fakePmp();
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    await node.pause();
    gateway.answer = pmpAnswer({ ip: '5.6.7.8' });
    await node.clock.advance(8 * minutes);
    await node.pause();
    expect(node.endpoints.map((one) => one?.ip)).toEqual(['1.2.3.4', '5.6.7.8']);
    expect(node.lines).toEqual(['ports mapped', 'ports mapped']);
  });

  test('ND-15 a lost request is sent again', async () => {
    let lost = 0;
    const answer = pmpAnswer();
    await using gateway = await fakePmp((request) => (lost++ < 3 ? undefined : answer(request)));
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    for (const wait of [250, 500, 1_000]) {
      await gateway.requests.next();
      await node.clock.advance(wait);
    }
    await node.pause();
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
  });

  const answers: Record<string, (request: PmpRequest) => Uint8Array | undefined> = {
    'sends no response': () => undefined,
    'sends an empty response': () => new Uint8Array(0),
    'sends one byte': () => Uint8Array.of(0),
    'sends a truncated response': (request) => pmpAnswer()(request).subarray(0, 11),
    'responds in another version': (request) => pmpAnswer()(request).fill(2, 0, 1),
    'responds to another request': (request) => pmpAnswer()(request).fill(127, 1, 2),
    'responds for another port': (request) =>
      request.op === 'address' ? pmpAnswer()(request) : pmpAnswer()({ ...request, port: 80 }),
    'sends 64 kB': () => new Uint8Array(60_000).fill(0xff),
    'is configured to refuse': pmpAnswer({ result: 2 }),
    'responds with an unknown error': pmpAnswer({ result: 999 }),
    'refuses in four bytes': (request) => pmpAnswer({ result: 3 })(request).subarray(0, 4),
    'grants a lifetime of 0': pmpAnswer({ lifetime: 0 }),
    'grants port 0': pmpAnswer({ shift: -30303 }),
    'refuses only UDP': (request) => pmpAnswer({ result: request.op === 'udp' ? 4 : 0 })(request),
  };
  test.each(Object.entries(answers))(
    'ND-15 a gateway that %s is queried again, at growing intervals',
    async (_, answer) => {
      await using gateway = await fakePmp(answer);
      await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
      for (const pause of [15_000, 30_000, 60_000]) {
        // The wait for its response ends within some seconds.
        const paused = node.pause();
        await settle(node, gateway, paused);
        expect(await paused).toBe(pause);
        expect(node.endpoints).toEqual([]);
        expect(node.lines).toEqual(['ports cannot be mapped; inbound connections may fail']);
        if (pause === 60_000) gateway.answer = pmpAnswer();
        await node.clock.advance(pause);
      }
      expect(await node.pause()).toBe(8 * minutes);
      expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
      expect(node.lines).toHaveLength(2);
    },
  );

  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '192.168.1.1',
    '203.0.113.7',
    '224.0.0.1',
    '255.255.255.255',
  ])('ND-15 a gateway at %s gets no mapping request', async (ip) => {
    await using gateway = await fakePmp(pmpAnswer({ ip }));
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    expect(await node.pause()).toBe(15_000);
    expect(gateway.requests.all.map(({ op }) => op)).toEqual(['address']);
    expect(node.endpoints).toEqual([]);
    const [{ error } = {}] = node.fields;
    expect(error).toContain(ip);
  });

  test('ND-15 the endpoint at a gateway that loses its address is removed from the record at once', async () => {
    await using gateway = await fakePmp();
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    await node.pause();
    gateway.answer = pmpAnswer({ ip: '0.0.0.0' });
    await node.clock.advance(8 * minutes);
    expect(await node.pause()).toBe(15_000);
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }, undefined]);
  });

  test('ND-15 the endpoint at a gateway that no longer responds is removed from the record when its leases end', async () => {
    await using gateway = await fakePmp();
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    await node.pause();
    gateway.answer = () => undefined;
    await node.clock.advance(8 * minutes);
    for (const pause of [15_000, 30_000, 60_000]) {
      const paused = node.pause();
      await settle(node, gateway, paused);
      expect(await paused).toBe(pause);
      expect(node.endpoints).toHaveLength(1);
      await node.clock.advance(pause);
    }
    const paused = node.pause();
    await settle(node, gateway, paused);
    await paused;
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }, undefined]);
    expect(node.lines).toHaveLength(2);

    gateway.answer = pmpAnswer();
    await node.clock.advance(2 * minutes);
    expect(await node.pause()).toBe(8 * minutes);
    expect(node.endpoints).toHaveLength(3);
    expect(node.lines).toEqual(['ports mapped', expect.any(String), 'ports mapped']);
  });

  test('ND-15 responses of other hosts are ignored', async () => {
    const attacker = createSocket('udp4');
    const lie = pmpAnswer({ ip: '6.6.6.6' });
    await using gateway = await fakePmp(() => undefined);
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    const request = await gateway.requests.next();
    await new Promise<void>((resolve) => {
      attacker.send(lie(request), request.from.port, request.from.address, () => resolve());
    });
    attacker.close();
    gateway.answer = pmpAnswer();
    await node.clock.advance(250);
    await node.pause();
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
  });

  test('ND-15 a closed port at the gateway is not fatal', async () => {
    const gateway = await fakePmp();
    await gateway[Symbol.asyncDispose]();
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    expect(await node.pause()).toBe(15_000);
    expect(node.lines).toHaveLength(1);
  });

  test('ND-15 a configured gateway is the only one queried', async () => {
    await using gateway = await fakePmp();
    const network = { ...loopback({ pmp: gateway }), lanAddresses: () => [] };
    await using node = mapped(network, { method: 'pmp', gateway: '127.0.0.1' });
    expect(await node.pause()).toBe(8 * minutes);
    await using lost = mapped(network, { method: 'pmp' });
    expect(await lost.pause()).toBe(15_000);
    expect(lost.fields).toEqual([{ error: 'no gateway responds' }]);
  });

  test('ND-15 close does not wait for a gateway that has become silent', async () => {
    await using gateway = await fakePmp();
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    await node.pause();
    await take(gateway, 4);
    gateway.answer = () => undefined;
    let isClosed = false;
    const closed = node.close().then(() => {
      isClosed = true;
    });
    await take(gateway, 2);
    await node.clock.advance(1_999);
    expect(isClosed).toBe(false);
    await node.clock.advance(1);
    await closed;
    expect(node.clock.pending).toBe(0);
  });

  test('ND-15 close does not wait for a response, and does not delete expired mappings', async () => {
    await using silent = await fakePmp(() => undefined);
    const searching = mapped(loopback({ pmp: silent }), { method: 'pmp' });
    await silent.requests.next();
    await searching.close();
    await searching.close();
    expect(searching.clock.pending).toBe(0);
    expect(searching.lines).toEqual([]);

    await using gateway = await fakePmp(pmpAnswer({ lifetime: 10 }));
    await using node = mapped(loopback({ pmp: gateway }), { method: 'pmp' });
    await node.pause();
    await node.clock.advance(10_000);
    await node.close();
    expect(gateway.requests.all).toHaveLength(4);
  });
});

/** Advances the clock through the timeouts of responses, until the mapper pauses. */
async function settle(node: ReturnType<typeof mapped>, gateway: FakePmp, paused: Promise<unknown>): Promise<void> {
  let isPaused = false;
  paused.then(() => {
    isPaused = true;
  });
  let asked = -1;
  while (!isPaused) {
    // Packets in transit on the sockets are received first.
    await new Promise((resolve) => setImmediate(resolve));
    if (asked !== gateway.requests.all.length) asked = gateway.requests.all.length;
    else if (node.clock.pending > 0) await node.clock.advance(50);
  }
}
