import { bindUdp } from '@devp2p/discover/udp';
import { formatEnode, formatEnr, signEnr } from '@devp2p/enr';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscv4, type Discv4Error } from '../src/index.ts';
import { listen, sntpDrift } from '../src/udp.ts';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

/** Bypasses the compiler, as a program without types does. */
const any = (value: unknown): never => value as never;

describe('D4-15 wrong options are refused by name and value', () => {
  const privateKey = new Uint8Array(32).fill(1);
  test.each<[object | undefined, RegExp]>([
    [undefined, /^the options argument of createDiscv4 is undefined, expected an object$/],
    [{}, /^privateKey is undefined, expected a Uint8Array of 32 bytes$/],
    [{ privateKey: '11'.repeat(32) }, /^privateKey is a string of 64 characters, expected a Uint8Array of 32 byt/],
    [{ privateKey: new Uint8Array(31) }, /^privateKey is a Uint8Array of 31 bytes, expected/],
    [
      { privateKey, bootNodes: [] },
      /^createDiscv4 has no option "bootNodes" \(did you mean "bootnodes"\?\), known options: /,
    ],
    [{ privateKey, bootnodes: 'enode://' }, /^bootnodes is "enode:\/\/", expected an array$/],
    [{ privateKey, tcpPort: 70_000 }, /^tcpPort is 70000, expected an integer from 0 to 65535$/],
    [{ privateKey, requestTimeout: 0 }, /^requestTimeout is 0, expected a positive number$/],
    [{ privateKey, seedCount: -1 }, /^seedCount is -1, expected a number of at least 0$/],
    [{ privateKey, store: {} }, /^store is an object, expected an object with the methods get, /],
  ])('%o', async (options, message) => {
    const refusal = { code: 'invalid-option', message: expect.stringMatching(message) };
    const made = createDiscv4(world.network.bind('9.9.9.9'), any(options));
    await expect(made).rejects.toMatchObject({ name: 'Discv4Error', ...refusal });
  });

  test('before a port is bound', async () => {
    const refusal = { code: 'invalid-option' };
    await expect(listen(any({ privateKey, ports: 1 }))).rejects.toMatchObject(refusal);
    await expect(bindUdp({ port: -1 })).rejects.toMatchObject(refusal);
    expect(() => sntpDrift({ measurements: 2 })).toThrow('measurements is 2, expected an integer of at least 3');
  });
});

describe('D4-15 a node argument is accepted', () => {
  test('as endpoint, URL, record, or text of a record', async () => {
    const [asking, asked] = [await world.node(quiet), await world.node(quiet)];
    const named = [enodeOf(asked), formatEnode(enodeOf(asked)), formatEnr(asked.localEnr), asked.localEnr];
    for (const node of named) {
      const pinged = asking.ping(node);
      const record = asking.requestEnr(node);
      await world.clock.advance(1_000);
      expect((await pinged).enrSeq).toBe(asked.localEnr.seq);
      expect((await record).seq).toBe(asked.localEnr.seq);
    }
  });

  test('as a URL with a host name, if resolveHost finds it', async () => {
    const asked = await world.node(quiet);
    const url = formatEnode({ ...enodeOf(asked), host: 'node.example.org' });
    const resolveHost = async (host: string): Promise<string> => {
      if (host !== 'node.example.org') throw new Error('no such name');
      return asked.localAddress.host;
    };
    const asking = await world.node({ ...quiet, resolveHost });
    const pinged = asking.ping(url);
    await world.clock.advance(1_000);
    expect((await pinged).enrSeq).toBe(asked.localEnr.seq);
    const other = url.replace('node.example', 'other.example');
    await expect(asking.ping(other)).rejects.toMatchObject({
      code: 'no-endpoint',
      message: expect.stringMatching(/^cannot resolve host other\.example\.org: ./),
    });
    const without = await world.node(quiet);
    await expect(without.ping(url)).rejects.toMatchObject({ code: 'no-endpoint' });
  });

  test('or refused with an error before a packet is sent', async () => {
    const node = await world.node(quiet);
    const bare = signEnr({}, world.random(32), { crypto: world.crypto });
    const { sent } = node.stats;
    for (const [named, code] of [
      [undefined, 'invalid-option'],
      [5, 'invalid-option'],
      [{}, 'invalid-option'],
      [{ id: 'ab', host: '1.1.1.1', udp: 1 }, 'invalid-option'],
      [{ id: node.id, udp: 1 }, 'invalid-option'],
      ['enode://1234@1.1.1.1:1', 'invalid-id'],
      ['1.1.1.1:30303', 'invalid-scheme'],
      ['enr:x', 'invalid-text'],
      [bare, 'no-endpoint'],
      [formatEnr(bare), 'no-endpoint'],
    ] as const) {
      for (const ask of [
        () => node.ping(any(named)),
        () => node.requestEnr(any(named)),
        () => node.findNode(any(named), new Uint8Array(64)),
        () => node.resolve(any(named)),
      ]) {
        const error = await ask().catch((thrown: Discv4Error) => thrown);
        expect([named, error]).toMatchObject([named, { code }]);
      }
    }
    expect(node.stats.sent).toBe(sent);
  });
});
