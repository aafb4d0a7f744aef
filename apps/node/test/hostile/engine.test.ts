import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '@devp2p/bytes';
import { beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { ask, call, open, parseAnswer } from '../rpc/servers.ts';
import { bearer } from '../rpc/token.ts';
import { datadir, Honest, start } from './scene.ts';

let daemon: Daemon;
let honest: Honest;
let authrpc: string;
let secret: Uint8Array;
beforeAll(async () => {
  const directory = datadir();
  daemon = start(directory, '--nodiscover', '--authrpc', '--authrpc.port', '0');
  await daemon.enode;
  authrpc = `http://${/authrpc server started endpoint=(\S+)/.exec(daemon.stderr)?.[1]}`;
  secret = fromHex(readFileSync(join(directory, 'jwtsecret'), 'utf8').trim());
  honest = await Honest.arrive(daemon);
});

const hash = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
const zero = hash(0);

/** A payload that has the right structure, and another hash than it says. */
function payload(number: number, transactions: readonly string[] = []) {
  return {
    parentHash: hash(number),
    feeRecipient: `0x${'00'.repeat(20)}`,
    stateRoot: zero,
    receiptsRoot: zero,
    logsBloom: `0x${'00'.repeat(256)}`,
    prevRandao: zero,
    blockNumber: '0x1',
    gasLimit: '0x1c9c380',
    gasUsed: '0x0',
    timestamp: '0x1',
    extraData: '0x',
    baseFeePerGas: '0x1',
    blockHash: hash(number + 1),
    transactions,
  };
}

const client = { code: 'XX', name: 'x', version: '1', commit: '0x00000000' };
/** A call of each kind, with parameters of its own. */
function callOf(i: number): string {
  const calls: readonly [method: string, params: readonly unknown[]][] = [
    ['engine_newPayloadV1', [payload(i)]],
    ['engine_forkchoiceUpdatedV1', [{ headBlockHash: hash(i), safeBlockHash: zero, finalizedBlockHash: zero }, null]],
    ['engine_getPayloadV1', [`0x${i.toString(16).padStart(16, '0')}`]],
    ['engine_getPayloadBodiesByHashV1', [Array.from({ length: 32 }, (_, j) => hash(32 * i + j))]],
    ['engine_getClientVersionV1', [{ ...client, version: String(i) }]],
    ['eth_getBlockByNumber', ['latest', true]],
    [
      'engine_forkchoiceUpdatedV1',
      [{ headBlockHash: hash(i), safeBlockHash: zero, finalizedBlockHash: zero }, { timestamp: '0x225c17d040' }],
    ],
    ['engine_newPayloadV1', [{ ...payload(i), gasUsed: '0x20000000000000' }]],
  ];
  const [method, params] = calls[i % calls.length] as (typeof calls)[number];
  return call(method, [...params], i);
}

/** The head of a request with a token. */
const post = (length: number): string =>
  `POST / HTTP/1.1\r\nhost: ${new URL(authrpc).host}\r\ncontent-type: application/json\r\nauthorization: ${
    bearer(secret).authorization
  }\r\ncontent-length: ${length}\r\n`;

/** Sends requests on one connection without waiting for responses. @returns the ids of the responses, in order */
async function pipeline(first: number, count: number): Promise<number[]> {
  const { socket, answer } = open(authrpc);
  for (let i = first; i < first + count; i++) {
    const body = callOf(i);
    const last = i === first + count - 1 ? 'connection: close\r\n' : '';
    socket.write(`${post(Buffer.byteLength(body))}${last}\r\n${body}`);
  }
  return [...(await answer).matchAll(/"jsonrpc":"2.0","id":(\d+)/g)].map(([, id]) => Number(id));
}

/** Sends calls one after another until the function returns `true`. @returns their number */
async function callMeanwhile(isOver: () => boolean): Promise<number> {
  let count = 0;
  do {
    const { body } = await ask(authrpc, { headers: bearer(secret), body: call('eth_blockNumber') });
    expect(JSON.parse(body)).toMatchObject({ result: '0x0' });
    count++;
  } while (!isOver());
  return count;
}

test('EN-38 10,000 calls at once have their responses, and other callers theirs in the meantime', async () => {
  const [connections, each] = [200, 50];
  let isOver = false;
  const all = Promise.all(Array.from({ length: connections }, (_, i) => pipeline(i * each, each))).finally(() => {
    isOver = true;
  });
  const others = callMeanwhile(() => isOver);
  const ids = await all;
  expect(ids).toEqual(
    Array.from({ length: connections }, (_, i) => Array.from({ length: each }, (_, j) => i * each + j)),
  );
  expect(await others).toBeGreaterThan(1);
  await honest.expectServed({ bytes: 64e6 });
});

test('EN-38 a payload of 128 MiB with one transaction is answered, and does not stay in memory', async () => {
  const body = (digits: number): string => call('engine_newPayloadV1', [payload(1, [`0x02${'ab'.repeat(digits)}`])]);
  const limit = 128 * 1024 * 1024;
  const size = body(0).length;
  const largest = body(Math.floor((limit - size) / 2));
  expect(limit - largest.length).toBeLessThan(2);
  let isOver = false;
  const send = async (): Promise<number> => {
    const { socket, answer } = open(authrpc);
    // A refusal closes the connection before all is sent.
    socket.write(`${post(largest.length)}connection: close\r\n\r\n${largest}`);
    const { status, body: text } = parseAnswer(await answer);
    if (status === 200)
      expect(JSON.parse(text)).toMatchObject({ result: { status: 'INVALID', latestValidHash: null } });
    return status;
  };
  const others = callMeanwhile(() => isOver);
  const statuses = await Promise.all([send(), send(), send()]);
  isOver = true;
  expect(await others).toBeGreaterThan(1);
  // Two at once do not fit: one is refused, or both follow each other.
  expect(statuses).toContain(200);
  for (const status of statuses) expect([200, 503]).toContain(status);
  // As received, as one buffer, as text, as a parameter, and half of it as bytes.
  await honest.expectServed({ garbage: 6 * limit });
});
