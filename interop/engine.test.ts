import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Call, callsOf, differencesOf, headOnly, paramsOf } from './engine-calls.ts';
import { type Answer, askEngine, type EngineServer, post, token } from './json-rpc.ts';
import { Scene } from './scene.ts';

const scene = new Scene();

const ask = (server: EngineServer, method: string, params: readonly unknown[]): Promise<Answer> =>
  askEngine(server, { method: `engine_${method}`, params });

test('ND-08 ND-09 ND-18 our node syncs from geth to each head of a consensus client', async () => {
  const { enode } = await scene.startGeth({ blocks: true });
  const { program, engine } = await scene.startEngineNode(['--static', enode]);
  for (const number of [300, 301, 600]) {
    const [payload] = paramsOf(scene.chain.payloads[number]);
    const { result } = await ask(engine, 'forkchoiceUpdatedV4', [headOnly(payload.blockHash), null, null]);
    expect(result).toEqual({
      payloadStatus: { status: 'SYNCING', latestValidHash: null, validationError: null },
      payloadId: null,
    });
    await program.line(new RegExp(`^synced number=${number} hash=${payload.blockHash} `));
  }
});

/** The status or the code of the error, on which a consensus client acts. */
function outcome({ status, result, error }: Answer): string {
  if (status !== 200) return `HTTP ${status}`;
  if (error !== undefined) return `${error.code}`;
  const { payloadStatus } = result as { payloadStatus?: object };
  const { status: word, latestValidHash } = (payloadStatus ?? result) as {
    status?: string;
    latestValidHash?: unknown;
  };
  if (word === undefined) return JSON.stringify(result);
  return latestValidHash === null ? word : `${word} ${latestValidHash}`;
}

test('ND-09 EN-05 EN-06 EN-18 geth and our node give the same answers to calls without execution', async () => {
  const { engine: geth } = await scene.startGeth({ blocks: false });
  const { engine: ours } = await scene.startEngineNode([]);
  const both = async ([method, params]: Call) => ({
    call: `${method} ${JSON.stringify(params)}`.replace(/^(.{90}).{9,}(.{120})$/, '$1…$2'),
    geth: outcome(await ask(geth, method, params)),
    ours: outcome(await ask(ours, method, params)),
  });
  const seen = new Set<string>();
  for (const call of callsOf(scene.chain.payloads)) {
    const answers = await both(call);
    seen.add(answers.ours);
    expect(answers).toEqual({ ...answers, ours: answers.geth });
  }
  expect(seen.size).toBeGreaterThan(6);

  for (const { call, ...expected } of differencesOf(scene.chain.payloads)) {
    const { geth, ours, call: shown } = await both(call);
    expect({ shown, geth, ours }).toEqual({ shown, geth: expected.geth, ours: expected.ours });
  }

  const [theirs, we] = await Promise.all(
    [geth, ours].map(async (server) => {
      const { result } = await ask(server, 'exchangeCapabilities', [[]]);
      return result as string[];
    }),
  );
  expect(theirs).toEqual(expect.arrayContaining(we ?? []));
  // Methods that need execution or a pool, deprecated ones, and those outside the specification.
  const missing = /_(getPayloadV|getBlobsV|exchangeTransitionConfigurationV1|hasBlobs|executeStateless|.*WithWitness)/;
  expect(theirs?.filter((name) => !we?.includes(name) && !missing.test(name))).toEqual([]);
});

test('HX-27 ND-09 geth and our node refuse the same tokens', async () => {
  const geth = (await scene.startGeth({ blocks: false })).engine;
  const { engine: ours } = await scene.startEngineNode([]);
  const statuses = (server: EngineServer) =>
    Promise.all(
      [
        token(server.secret),
        token(server.secret, 50),
        token(server.secret, -50),
        token(server.secret, 120),
        token(server.secret, -120),
        token(randomBytes(32)),
        `${token(server.secret)}x`,
        'nonsense',
        '',
        undefined,
      ].map(async (bearer) => {
        return (await post(server.url, 'engine_exchangeCapabilities', [[]], bearer)).status;
      }),
    );
  expect(await statuses(ours)).toEqual(await statuses(geth));
  expect(await statuses(ours)).toEqual([200, 200, 200, ...Array(7).fill(401)]);
});
