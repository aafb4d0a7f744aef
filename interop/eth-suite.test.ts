import { toHex } from '@devp2p/bytes';
import { expect, test } from 'vitest';
import { callEngine } from './json-rpc.ts';
import { enodeOf } from './node.ts';
import { Scene } from './scene.ts';
import { runSuite, type SuiteResult } from './suite.ts';

const scene = new Scene();

/** The outcome of a case: it passes, it ends before its first check as its subject is missing, or it fails. */
type Expected = 'passes' | `skips until ${string}` | `fails until ${string}`;

/** All cases of the suite of go-ethereum v1.17.10. */
const cases: Record<string, Expected> = {
  Status: 'passes',
  MaliciousHandshake: 'passes',
  BlockRangeUpdateExpired: 'passes',
  BlockRangeUpdateFuture: 'passes',
  BlockRangeUpdateInvalid: 'passes',
  GetBlockHeaders: 'passes',
  GetNonexistentBlockHeaders: 'passes',
  SimultaneousRequests: 'passes',
  SameRequestID: 'passes',
  ZeroRequestID: 'passes',
  GetBlockAccessLists: 'fails until eth/71',
  GetBlockBodies: 'passes',
  GetReceipts: 'passes',
  GetLargeReceipts: 'passes',
  LargeTxRequest: 'passes',
  Transaction: 'passes',
  InvalidTxs: 'passes',
  NewPooledTxs: 'passes',
  BlobViolations: 'passes',
  TestBlobTxWithoutSidecar: 'passes',
  TestBlobTxWithMismatchedSidecar: 'passes',
  BlobTxAvailabilityFailure: 'skips until eth/72',
  GetCells: 'skips until eth/72',
  BlobTxWithInvalidCells: 'skips until eth/72',
};

/** The outcome of a case in the words of the table. */
function outcome(expected: Expected | undefined, { passed, log }: SuiteResult): string {
  const [, reason = 'a later version'] = /until (.*)/.exec(expected ?? '') ?? [];
  if (!passed) return `fails until ${reason}`;
  return log.includes('skipping: ') ? `skips until ${reason}` : 'passes';
}

test("ND-19 go-ethereum's eth tests pass against our node in every case that eth/70 reaches", async () => {
  const { node, engine } = await startLoaded();
  const args = [
    ...['rlpx', 'eth-test', `--chain=${scene.chain.folder}`, `--node=${node}`],
    ...[`--engineapi=${engine.url}`, `--jwtsecret=${toHex(engine.secret)}`],
  ];
  const results = await runSuite(args, 240_000);
  // The suite waits two seconds for a message, such as for 2,000 transactions, which is too short on a busy machine.
  const failed = [...results].filter(([name, { passed }]) => cases[name] === 'passes' && !passed);
  for (const [failure] of failed) {
    for (const [name, result] of await runSuite([...args, `--run=^${failure}$`], 60_000)) results.set(name, result);
  }
  const seen = Object.fromEntries([...results].map(([name, result]) => [name, outcome(cases[name], result)]));
  const logs = [...results].filter(([name, result]) => cases[name] !== outcome(cases[name], result));
  expect(seen, logs.map(([name, { log }]) => `${name}:\n${log}`).join('\n')).toEqual(cases);
}, 400_000);

/** Our node with the whole chain, its receipts included, and a port for the suite's consensus client. */
async function startLoaded() {
  const geth = await scene.startGeth({ blocks: true });
  const { program, engine } = await scene.startEngineNode(['--static', geth.enode]);
  // The suite ignores the results of its Engine API calls.
  await callEngine(engine, scene.chain.forkchoice);
  await program.line(new RegExp(`^synced number=${scene.chain.headNumber} `));
  await geth.stop();
  return { node: await enodeOf(program), engine };
}
