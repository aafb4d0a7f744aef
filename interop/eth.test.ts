import { expect, test } from 'vitest';
import { askEngine } from './json-rpc.ts';
import { Scene } from './scene.ts';

const scene = new Scene();

test('EN-01 geth and our node show the same blocks, receipts and logs', async () => {
  const geth = await scene.startGeth({ blocks: true });
  const { program, engine } = await scene.startEngineNode(['--static', geth.enode]);
  const ask = (method: string, params: readonly unknown[]) => askEngine(engine, { method, params });
  const { headHash: head, headNumber } = scene.chain;
  const zero = `0x${'00'.repeat(32)}`;
  const choose = () =>
    ask('engine_forkchoiceUpdatedV3', [{ headBlockHash: head, safeBlockHash: head, finalizedBlockHash: zero }]);
  await choose();
  await program.line(new RegExp(`^synced number=${headNumber} hash=${head} `));
  await choose();

  /** The results of both; ours may be an error. */
  const expectSame = async (method: string, ...params: unknown[]): Promise<void> => {
    const [theirs, ours] = [await geth.rpc(method, params), await ask(method, params)];
    const answer = 'result' in ours ? ours.result : ours.error;
    expect({ method, params, answer }).toEqual({ method, params, answer: theirs });
  };
  for (let number = 0; number <= headNumber; number += number < 40 ? 1 : 7) {
    const at = `0x${number.toString(16)}`;
    await expectSame('eth_getBlockByNumber', at, true);
    await expectSame('eth_getBlockReceipts', at);
  }
  const all = { fromBlock: '0x0', toBlock: 'latest' };
  const [log] = (await geth.rpc('eth_getLogs', [all])) as { address: string; topics: string[] }[];
  expect(log).toBeDefined();
  await expectSame('eth_getLogs', all);
  await expectSame('eth_getLogs', { ...all, address: log?.address });
  await expectSame('eth_getLogs', { ...all, topics: [log?.topics[0] ?? null] });
  await expectSame('eth_chainId');
  await expectSame('eth_blockNumber');
  await expectSame('eth_syncing');
  await expectSame('eth_getHeaderByHash', head);
  await expectSame('eth_getBlockByHash', head, false);
  await expectSame('eth_getBlockTransactionCountByHash', head);
  await expectSame('eth_getUncleCountByBlockNumber', 'latest');
  await expectSame('eth_getTransactionByBlockNumberAndIndex', 'latest', '0x0');
  await expectSame('eth_getBlockByNumber', '0x1000', false);
});
