import { systemClock } from '@devp2p/clock';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { randomBytes } from '@devp2p/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headTags } from '../../src/rpc/backend.ts';
import { debugNamespace } from '../../src/rpc/namespaces/debug.ts';
import { JsonText } from '../../src/rpc/transport/json-text.ts';
import { type DevScene, hex, initCode, openDevScene, reverter, setter } from './dev-scene.ts';

interface Step {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  readonly depth: number;
  readonly error?: string;
  readonly stack: string[];
  readonly storage?: object;
  readonly memory?: string[];
}
interface Trace {
  readonly gas: number;
  readonly failed: boolean;
  readonly returnValue: string;
  readonly structLogs: Step[];
}

let scene: DevScene;
let debug: (method: string, ...params: unknown[]) => Promise<unknown>;
const hashes = new Map<string, string>();
const addresses = new Map<string, Uint8Array>();
const hashOf = (name: string): string => hashes.get(name) ?? '';
const addressOf = (name: string): Uint8Array => addresses.get(name) ?? new Uint8Array();
const word = (n: number): string => n.toString(16).padStart(64, '0');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const wordOf = (n: number): string => `0x${word(n)}`;
let nonce = 0;

async function send(name: string, fields: object): Promise<void> {
  const raw = scene.sign(0, nonce++, { gas: 200_000n, value: 0n, ...fields });
  await scene.dev.add(raw);
  await scene.dev.mine();
  hashes.set(name, hex(crypto.keccak256(raw)));
}
async function deploy(name: string, runtime: string): Promise<void> {
  await send(name, { to: undefined, input: initCode(runtime) });
  const { contractAddress } = (await scene.call('getTransactionReceipt', hashOf(name))) as { contractAddress: string };
  addresses.set(name, bytes(contractAddress.slice(2)));
}

beforeAll(async () => {
  scene = await openDevScene({ clock: createVirtualClock({ now: 2_000_000_000_000 }), interval: 'calls' });
  const { chain } = scene.dev;
  const { methods } = debugNamespace({
    chain,
    tags: headTags(chain),
    syncState: async () => undefined,
    crypto,
    clock: systemClock,
    random: randomBytes,
  });
  debug = async (method, ...params) => {
    const result = await methods[method]?.(params);
    return result instanceof JsonText ? JSON.parse(result.text) : result;
  };
  await deploy('setter', setter);
  await deploy('reverter', reverter);
  await send('set', { to: addressOf('setter'), input: bytes(word(1) + word(5)) });
  // Calls the setter with 32 bytes of calldata and drops the result; then jumps over an INVALID, and logs.
  const target = Buffer.from(addressOf('setter')).toString('hex');
  await deploy(
    'caller',
    `60035f525f5f60205f5f73${target}61fffff15061002f5760015061002f56fe5b5f5fa000`.replace('61002f57', '610000505f'),
  );
  await send('call', { to: addressOf('caller') });
  await send('revert', { to: addressOf('reverter'), input: bytes('aabbccdd') });
  await send('transfer', { to: bytes('11'.repeat(20)), value: 7n, gas: 21_000n });
  await send('short', { to: addressOf('setter'), input: bytes(word(2) + word(5)), gas: 30_000n });
  await send('underflow', { to: undefined, input: bytes('01') });
});
afterAll(() => scene.dev.close());

test('RP-28 the trace of a transaction has each instruction, its gas and the storage', async () => {
  const trace = (await debug('traceTransaction', hashOf('set'))) as Trace;
  const receipt = (await scene.call('getTransactionReceipt', hashOf('set'))) as { gasUsed: string };
  expect(trace).toMatchObject({ gas: Number(receipt.gasUsed), failed: false, returnValue: '0x' });
  expect(trace.structLogs.map(({ pc, op, gasCost, depth }) => [pc, op, gasCost, depth])).toEqual([
    [0, 'PUSH1', 3, 1],
    [2, 'CALLDATALOAD', 3, 1],
    [3, 'PUSH1', 3, 1],
    [5, 'CALLDATALOAD', 3, 1],
    [6, 'SSTORE', 22_100, 1],
    [7, 'STOP', 0, 1],
  ]);
  for (const [i, { gas, gasCost }] of trace.structLogs.entries()) {
    const next = trace.structLogs[i + 1];
    if (next !== undefined) expect(next.gas).toBe(gas - gasCost);
  }
  expect(trace.structLogs[4]).toMatchObject({ stack: ['0x5', '0x1'], storage: { [wordOf(1)]: wordOf(5) } });
});

test('RP-28 steps have memory, return data and no stack when the options say so', async () => {
  const options = { enableMemory: true, enableReturnData: true, disableStack: true };
  const { structLogs } = (await debug('traceTransaction', hashOf('call'), options)) as Trace;
  expect(structLogs.every((step) => !('stack' in step))).toBe(true);
  const call = structLogs.find(({ op }) => op === 'CALL');
  expect(call).toMatchObject({ memory: [wordOf(3)] });
  expect(structLogs.filter(({ depth }) => depth === 2).length).toBeGreaterThan(3);
});

test('RP-28 a limit ends the list of instructions', async () => {
  const { structLogs } = (await debug('traceTransaction', hashOf('set'), { limit: 100 })) as Trace;
  expect(structLogs.map(({ op }) => op)).toEqual(['PUSH1', 'CALLDATALOAD']);
});

test('RP-28 an instruction that fails has its error', async () => {
  const short = (await debug('traceTransaction', hashOf('short'))) as Trace;
  expect(short).toMatchObject({ failed: true, returnValue: '0x' });
  expect(short.structLogs.at(-1)).toMatchObject({ op: 'SSTORE', error: 'out of gas' });
  expect(short.structLogs.at(-1)).not.toHaveProperty('storage');
  const underflow = (await debug('traceTransaction', hashOf('underflow'))) as Trace;
  expect(underflow.structLogs).toMatchObject([
    { pc: 0, op: 'ADD', gasCost: 3, error: expect.stringContaining('stack underflow') },
  ]);
});

test('RP-28 callTracer has the tree of calls', async () => {
  const call = await debug('traceTransaction', hashOf('call'), {
    tracer: 'callTracer',
    tracerConfig: { withLog: true },
  });
  expect(call).toMatchObject({
    type: 'CALL',
    from: scene.account(0),
    to: hex(addressOf('caller')),
    gas: '0x30d40',
    value: '0x0',
    input: '0x',
    calls: [
      {
        type: 'CALL',
        from: hex(addressOf('caller')),
        to: hex(addressOf('setter')),
        input: wordOf(3),
      },
    ],
  });
  const top = await debug('traceTransaction', hashOf('call'), {
    tracer: 'callTracer',
    tracerConfig: { onlyTopCall: true },
  });
  expect(top).not.toHaveProperty('calls');
});

test('RP-28 callTracer shows reverts, creations and transfers', async () => {
  const of = (name: string) => debug('traceTransaction', hashOf(name), { tracer: 'callTracer' });
  expect(await of('revert')).toMatchObject({ error: 'execution reverted', output: '0xaabbccdd', input: '0xaabbccdd' });
  const created = hex(addressOf('setter'));
  expect(await of('setter')).toMatchObject({ type: 'CREATE', to: created, output: `0x${setter}` });
  expect(await of('transfer')).toEqual({
    type: 'CALL',
    from: scene.account(0),
    to: `0x${'11'.repeat(20)}`,
    gas: '0x5208',
    gasUsed: '0x5208',
    input: '0x',
    value: '0x7',
  });
});

test('RP-28 the trace of a block has those of its transactions', async () => {
  const { blockNumber, blockHash } = (await scene.call('getTransactionReceipt', hashOf('set'))) as Record<
    string,
    string
  >;
  const expected = [{ txHash: hashOf('set'), result: await debug('traceTransaction', hashOf('set')) }];
  expect(await debug('traceBlockByNumber', blockNumber)).toEqual(expected);
  expect(await debug('traceBlockByHash', blockHash)).toEqual(expected);
});

test('RP-28 the gas of all traces is that of the receipts', async () => {
  for (const hash of hashes.values()) {
    const { gasUsed, status } = (await scene.call('getTransactionReceipt', hash)) as Record<string, string>;
    const trace = (await debug('traceTransaction', hash)) as Trace;
    expect([trace.gas, trace.failed]).toEqual([Number(gasUsed), status === '0x0']);
    expect(await debug('traceTransaction', hash, { tracer: 'callTracer' })).toMatchObject({ gasUsed });
  }
});

test.each([
  ['an unknown transaction', 'traceTransaction', [`0x${'22'.repeat(32)}`], -32000],
  ['an unknown block', 'traceBlockByNumber', ['0x999'], -32000],
  ['the genesis', 'traceBlockByNumber', ['0x0'], -32000],
  ['another tracer', 'traceBlockByNumber', ['0x1', { tracer: 'prestateTracer' }], -32602],
  ['a hash that is too short', 'traceTransaction', ['0x1'], -32602],
])('RP-28 %s is an error', async (_, method, params, number) => {
  await expect(debug(method, ...params)).rejects.toMatchObject({ number });
});

test('RP-28 a block more than 128 blocks below the head is not traced', async () => {
  for (let i = 0; i < 128; i++) await scene.dev.mine();
  await expect(debug('traceTransaction', hashOf('setter'))).rejects.toMatchObject({
    number: -32000,
    message: 'required historical state unavailable (reexec=128)',
  });
});
