import { createVirtualClock } from '@devp2p/clock/virtual';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import { type Api, method, optional, selectApi, subscription } from '../../src/rpc/transport/api.ts';
import { isNestedDeeper } from '../../src/rpc/transport/json-depth.ts';
import { createJsonRpc, type JsonRpcOptions, rpcLimits } from '../../src/rpc/transport/json-rpc.ts';
import { RpcError } from '../../src/rpc/transport/rpc-error.ts';
import { Subscriptions } from '../../src/rpc/transport/subscriptions.ts';

const number = (value: unknown): number => {
  if (typeof value !== 'number') throw new Error('expected a number');
  return value;
};

const api: Api = selectApi(
  {
    test: {
      methods: {
        subtract: method([number, number], (a, b) => a - b),
        nothing: method([], () => undefined),
        optional: method([number, optional(number)], (a, b) => `${a} ${b}`),
        refuse: method([], () => {
          throw new RpcError('failed', 'not today');
        }),
        break: method([], () => {
          throw new Error('the key is hunter2');
        }),
        hang: method([], () => new Promise(() => {})),
        long: method([number], (length) => 'x'.repeat(length)),
      },
    },
    hidden: { methods: { secret: method([], () => 42) } },
  },
  ['test'],
);

function server(options: Partial<JsonRpcOptions> = {}) {
  const clock = createVirtualClock();
  const log = silentLogs('rpc');
  return { clock, rpc: createJsonRpc({ api, limits: rpcLimits, clock, log, ...options }) };
}

const error = (code: number, message: string, id: unknown = null) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message },
});
const result = (value: unknown, id: unknown = 1) => ({ jsonrpc: '2.0', id, result: value });
const call = (name: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method: `test_${name}`,
  params,
});
const invalid = error(-32600, 'invalid request');

async function answer(request: unknown, options?: Partial<JsonRpcOptions>): Promise<unknown> {
  const { text } = await server(options).rpc(typeof request === 'string' ? request : JSON.stringify(request));
  return text === undefined ? undefined : JSON.parse(text);
}

describe('ND-11 JSON-RPC 2.0', () => {
  test.each<[string, unknown, unknown]>([
    ['a call', call('subtract', [42, 23]), result(19)],
    ['no result', call('nothing'), result(null)],
    ['null as parameters', call('nothing', null), result(null)],
    ['a string as id', call('subtract', [2, 1], 'a'), result(1, 'a')],
    ['null as id', call('subtract', [2, 1], null), result(1, null)],
    ['0 as id', call('subtract', [2, 1], 0), result(1, 0)],
    ['a fraction as id', call('subtract', [2, 1], 1.5), result(1, 1.5)],
    ['a notification', { jsonrpc: '2.0', method: 'test_nothing' }, undefined],
    ['a notification that fails', { jsonrpc: '2.0', method: 'test_refuse' }, undefined],
    ['a notification of an unknown method', { jsonrpc: '2.0', method: 'x' }, undefined],
    ['an error of the method', call('refuse'), error(-32000, 'not today', 1)],
    ['an internal error', call('break'), error(-32603, 'internal error', 1)],
    ['an unknown method', call('none'), error(-32601, 'the method test_none does not exist/is not available', 1)],
    [
      'a method that is not offered',
      { jsonrpc: '2.0', id: 1, method: 'hidden_secret' },
      error(-32601, 'the method hidden_secret does not exist/is not available', 1),
    ],
    [
      'the name of a prototype property',
      { jsonrpc: '2.0', id: 1, method: '__proto__' },
      error(-32601, 'the method __proto__ does not exist/is not available', 1),
    ],
    ['named parameters', call('subtract', { a: 1 }), error(-32602, 'non-array args', 1)],
    ['too few parameters', call('subtract', [1]), error(-32602, 'missing value for required argument 1', 1)],
    ['too many parameters', call('subtract', [1, 2, 3]), error(-32602, 'too many arguments, want at most 2', 1)],
    [
      'a parameter of another type',
      call('subtract', [1, '2']),
      error(-32602, 'invalid argument 1: expected a number', 1),
    ],
    ['invalid JSON', '{"jsonrpc": "2.0", "method', error(-32700, 'parse error')],
    ['nothing', '', error(-32700, 'parse error')],
    ['a number', 1, invalid],
    ['null', null, invalid],
    ['no version', { id: 1, method: 'test_nothing' }, { ...invalid, id: 1 }],
    ['an older version', { jsonrpc: '1.0', id: 1, method: 'test_nothing' }, { ...invalid, id: 1 }],
    ['no method', { jsonrpc: '2.0', id: 'a' }, { ...invalid, id: 'a' }],
    ['a number as method', { jsonrpc: '2.0', id: 1, method: 1 }, { ...invalid, id: 1 }],
    ['an object as id', { ...call('nothing'), id: {} }, invalid],
    ['true as id', { ...call('nothing'), id: true }, invalid],
    ['an id that JSON.parse rounds', '{"jsonrpc":"2.0","id":9007199254740993,"method":"test_nothing"}', invalid],
    ['the offered modules', { jsonrpc: '2.0', id: 1, method: 'rpc_modules' }, result({ rpc: '1.0', test: '1.0' })],
  ])('RP-03 %s', async (_, request, expected) => {
    expect(await answer(request)).toEqual(expected);
  });

  test.each<[string, unknown, unknown]>([
    ['an empty batch', [], error(-32600, 'empty batch')],
    ['a batch of invalid requests', [1, 2], [invalid, invalid]],
    ['a batch of notifications', [{ jsonrpc: '2.0', method: 'test_nothing' }], undefined],
    [
      'a batch of several kinds',
      [call('subtract', [3, 1]), { jsonrpc: '2.0', method: 'test_nothing' }, 1, call('refuse', [], 2)],
      [result(2), invalid, error(-32000, 'not today', 2)],
    ],
  ])('RP-02 %s', async (_, request, expected) => {
    expect(await answer(request)).toEqual(expected);
  });

  test.each<[string, unknown, unknown]>([
    ['a missing optional parameter', [1], result('1 undefined')],
    ['null as an optional parameter', [1, null], result('1 undefined')],
    ['an optional parameter', [1, 2], result('1 2')],
    ['null as a required parameter', [null, 2], error(-32602, 'missing value for required argument 0', 1)],
    ['no required parameter', [], error(-32602, 'missing value for required argument 0', 1)],
    ['an object as parameters', { a: 1 }, error(-32602, 'non-array args', 1)],
  ])('RP-04 %s', async (_, params, expected) => {
    expect(await answer(call('optional', params))).toEqual(expected);
  });

  test('RP-03 an internal error is logged, and not sent', async () => {
    const lines: unknown[] = [];
    const log = { ...silentLogs('rpc'), error: (fields: unknown) => lines.push(fields) };
    await answer(call('break'), { log });
    expect(lines).toEqual([{ method: 'test_break', error: new Error('the key is hunter2') }]);
  });

  test('the error about an unknown method truncates a long name', async () => {
    const { text } = await server().rpc(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x'.repeat(1_000_000) }));
    expect(text?.length).toBeLessThan(200);
  });

  test('calls are counted by success', async () => {
    const calls: boolean[] = [];
    await answer([call('nothing'), call('refuse'), call('none'), 1], {
      onCall: (ok) => calls.push(ok),
    });
    expect(calls).toEqual([true, false, false]);
  });

  test('any JSON value gets a valid response', async () => {
    const { rpc } = server();
    const id = fc.option(fc.oneof(fc.integer(), fc.string(), fc.jsonValue()), { nil: undefined });
    const request = fc.record(
      {
        jsonrpc: fc.constantFrom('2.0', '1.0'),
        id,
        method: fc.constantFrom('test_nothing', 'test_refuse', 'x', 'test_subscribe'),
        params: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const message = fc.oneof(request, fc.jsonValue(), fc.array(fc.oneof(request, fc.jsonValue())));
    await fc.assert(
      fc.asyncProperty(message, async (value) => {
        const { text, isJson } = await rpc(JSON.stringify(value));
        expect(isJson).toBe(true);
        if (text === undefined) return;
        const parsed = JSON.parse(text);
        for (const one of Array.isArray(parsed) ? parsed : [parsed]) {
          expect(one.jsonrpc).toBe('2.0');
          expect(one).toHaveProperty('id');
          expect('result' in one).not.toBe('error' in one);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('HX-27 limits of one request', () => {
  test('RP-02 HX-27 a batch of 10,000 is refused before any of its calls', async () => {
    const calls: boolean[] = [];
    const batch = Array.from({ length: 10_000 }, (_, id) => call('nothing', [], id));
    expect(await answer(batch, { onCall: (ok) => calls.push(ok) })).toEqual([error(-32600, 'batch too large', 0)]);
    expect(calls).toEqual([]);
    expect(await answer(batch.slice(0, 1_000))).toHaveLength(1_000);
  });

  test('HX-27 deep JSON is refused before it is parsed', async () => {
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    const tooDeep = error(-32700, 'parse error: nested deeper than 64');
    for (const text of [
      deep(2_500_000),
      '['.repeat(5_000_000),
      `{"jsonrpc":"2.0","id":1,"method":"test_nothing","params":${deep(64)}}`,
      `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`,
    ]) {
      const { text: refused, isJson } = await server().rpc(text);
      expect(isJson).toBe(false);
      expect(JSON.parse(refused ?? '')).toEqual(tooDeep);
    }
    expect(await answer(`{"jsonrpc":"2.0","id":1,"method":"test_nothing","params":${deep(63)}}`)).toMatchObject({
      error: { code: -32602 },
    });
  });

  test('HX-27 the depth of JSON is that of JSON.parse, brackets in strings not counted', () => {
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.string(), (value, text) => {
        const json = JSON.stringify([value, text, `"[[{\\${text}`]);
        const real = depth(JSON.parse(json));
        expect(isNestedDeeper(json, real)).toBe(false);
        expect(isNestedDeeper(json, real - 1)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('RP-02 the size of a response is bounded, and that of a batch in total', async () => {
    expect(rpcLimits).toMatchObject({ maxBatch: 1_000, maxResponse: 25_000_000 });
    const limits = { ...rpcLimits, maxResponse: 1_000 };
    const tooLarge = (id: number) => error(-32003, 'response too large', id);
    expect(await answer(call('long', [2_000]), { limits })).toEqual(tooLarge(1));
    const batch = [1, 2, 3, 4].map((id) => call('long', [400], id));
    expect(await answer(batch, { limits })).toEqual([
      result('x'.repeat(400), 1),
      result('x'.repeat(400), 2),
      tooLarge(3),
      tooLarge(4),
    ]);
  });

  test('RP-03 a call that does not end times out, with the rest of its batch', async () => {
    const { clock, rpc } = server();
    const answered = rpc(JSON.stringify([call('nothing'), call('hang', [], 2), call('nothing', [], 3)]));
    await clock.advance(30_000);
    expect(JSON.parse((await answered).text ?? '')).toEqual([
      result(null),
      error(-32002, 'request timed out', 2),
      error(-32002, 'request timed out', 3),
    ]);
    expect(clock.pending).toBe(0);
  });
});

describe('ND-11 subscriptions', () => {
  function subscribed(max = 2) {
    const listeners = new Set<(result: unknown) => void>();
    const sent: unknown[] = [];
    let next = 0;
    const subscriptions = new Subscriptions({
      max,
      random: (length) => new Uint8Array(length).fill(next++),
      send: (text) => sent.push(JSON.parse(text)),
    });
    const source = (listener: (result: unknown) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const { rpc } = server({
      api: selectApi({ test: { methods: {}, subscriptions: { things: subscription([], () => source) } } }, ['test']),
    });
    const ask = async (request: unknown) => JSON.parse((await rpc(JSON.stringify(request), subscriptions)).text ?? '');
    return { listeners, sent, subscriptions, ask };
  }
  const [first, second] = [`0x${'00'.repeat(16)}`, `0x${'01'.repeat(16)}`];

  test('events are sent after the response with the id, until the caller unsubscribes', async () => {
    const { listeners, sent, subscriptions, ask } = subscribed();
    expect(await ask(call('subscribe', ['things']))).toEqual(result(first));
    expect(listeners.size).toBe(0);
    subscriptions.begin();
    for (const notify of listeners) notify({ a: 1 });
    const params = { subscription: first, result: { a: 1 } };
    expect(sent).toEqual([{ jsonrpc: '2.0', method: 'test_subscription', params }]);
    expect(await ask(call('unsubscribe', [first]))).toEqual(result(true));
    expect(listeners.size).toBe(0);
    expect(await ask(call('unsubscribe', [first]))).toEqual(error(-32000, 'subscription not found', 1));
  });

  test('a subscription that ends in the batch of its start sends no event', async () => {
    const { listeners, subscriptions, ask } = subscribed();
    await ask([call('subscribe', ['things']), call('unsubscribe', [first])]);
    subscriptions.begin();
    expect(listeners.size).toBe(0);
  });

  test('HX-27 subscriptions are limited in number, and end with the connection', async () => {
    const { listeners, subscriptions, ask } = subscribed(2);
    expect(await ask([1, 2, 3].map((id) => call('subscribe', ['things'], id)))).toEqual([
      result(first, 1),
      result(second, 2),
      error(-32000, 'too many subscriptions, 2 a connection', 3),
    ]);
    subscriptions.begin();
    expect(listeners.size).toBe(2);
    subscriptions.close();
    expect(listeners.size).toBe(0);
  });

  test.each<[unknown, number, string]>([
    [['nothing'], -32601, 'no "nothing" subscription in test namespace'],
    [[], -32602, 'expected subscription name as first argument'],
    [[7], -32602, 'expected subscription name as first argument'],
    [['things', 1], -32602, 'too many arguments, want at most 1'],
  ])('%j is refused', async (params, code, message) => {
    const { ask } = subscribed();
    expect(await ask(call('subscribe', params))).toEqual(error(code, message, 1));
  });

  test('over HTTP, subscriptions are refused', async () => {
    expect(await answer(call('subscribe', ['things']))).toEqual(error(-32601, 'notifications not supported', 1));
  });
});
