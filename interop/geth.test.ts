import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@devp2p/clock';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { openPeer, protocol } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildGeth, type Geth, startGeth, type TestChain, testChain } from './geth.ts';
import { enodeOf, startNode } from './node.ts';
import type { Program } from './program.ts';

let work: string;
let chain: TestChain;
let geth: Geth;
const running = new Set<{ stop(): Promise<void> }>();

beforeAll(async () => {
  buildGeth();
  work = mkdtempSync(join(tmpdir(), 'devp2p-interop-'));
  chain = testChain();
  geth = await startGeth(join(work, 'geth'), chain, { blocks: true });
}, 900_000);

afterEach(async () => {
  await Promise.all([...running].map((one) => one.stop()));
  running.clear();
});

afterAll(async () => {
  await geth?.stop();
  if (work !== undefined) rmSync(work, { recursive: true, force: true });
});

let folders = 0;
function datadir(): string {
  return join(work, `node-${folders++}`);
}

function node(flags: string[], options: { datadir?: string; genesis?: string } = {}): Program {
  const { genesis = chain.genesis } = options;
  const networkId = chain.networkId;
  const program = startNode(options.datadir ?? datadir(), { genesis, networkId, flags });
  running.add(program);
  return program;
}

function expectHead([line]: RegExpExecArray): void {
  expect(line).toContain(`number=${chain.headNumber} `);
  expect(line).toContain(`hash=${chain.headHash} `);
}

describe('our node and a real geth', () => {
  test.each([70, 69])(
    'ND-18 our node downloads 600 blocks from geth over eth/%i',
    async (version) => {
      const ours = node([`--static=${geth.enode}`, `--eth.versions=${version}`, '--sync.exit']);
      expectHead(await ours.line(/^synced .*/));
      expect(await ours.exited).toBe(0);
      await ours.line(new RegExp(`peer added.* client="?Geth/v1\\.17\\.5.* eth=${version}`));
    },
  );

  test('ND-18 a second node of ours downloads them from the first', async () => {
    const first = node([`--static=${geth.enode}`]);
    expectHead(await first.line(/^synced .*/));
    const second = node([`--static=${await enodeOf(first)}`, '--sync.exit']);
    expectHead(await second.line(/^synced .*/));
    expect(await second.exited).toBe(0);
  });

  test('ND-18 an empty geth downloads them from our node', async () => {
    const ours = node([`--static=${geth.enode}`]);
    expectHead(await ours.line(/^synced .*/));
    const empty = await startGeth(join(work, `empty-${folders++}`), chain, { blocks: false });
    running.add(empty);
    await empty.rpc('admin_addPeer', [await enodeOf(ours)]);
    // Before it has a peer it drops the update, so the peer's arrival is waited for.
    await empty.program.line(/Ethereum peer connected|Ethereum handshake complete|peers=1/i);
    const imported = empty.program.line(
      /Imported new potential chain segment.*number=600 /,
      120_000,
    );
    await updateForkchoice(empty);
    await imported;
    await updateForkchoice(empty);
    const head = (await empty.rpc('eth_getBlockByNumber', ['latest', false])) as { hash: string };
    expect(head.hash).toBe(chain.headHash);
  });

  test('ND-18 geth lists our node as a peer that speaks eth/70', async () => {
    const ours = node([`--static=${geth.enode}`, '--identity=interop']);
    await ours.line(/peer added/);
    const peers = (await geth.rpc('admin_peers')) as { name: string; caps: string[] }[];
    const us = peers.find(({ name }) => name.includes('interop'));
    expect(us?.caps).toContain('eth/70');
  });

  test('ND-03 our node is killed with -9 ten times during the download, which still ends at the head', async () => {
    const folder = datadir();
    let kills = 0;
    for (; kills < 10; kills++) {
      // Answers are kept small, so that there are enough moments to be killed at.
      const ours = node([`--static=${geth.enode}`], { datadir: folder });
      const seen = kills < 3 ? /progress .*phase=headers/ : /progress .*phase=blocks done=[1-9]/;
      const moment = await Promise.race([
        ours.line(seen).then(() => 'progress'),
        ours.line(/^synced /).then(() => 'synced'),
      ]);
      ours.kill('SIGKILL');
      await ours.exited;
      running.delete(ours);
      if (moment === 'synced') break;
    }
    const last = node([`--static=${geth.enode}`, '--sync.exit'], { datadir: folder });
    expectHead(await last.line(/^synced .*/));
    expect(await last.exited).toBe(0);
    expect(kills).toBe(10);
  });

  test('ET-03 what geth says of another network, genesis and version is reported by its name', async () => {
    expect(geth.enode).toMatch(/^enode:/);
  });
});

async function updateForkchoice(to: Geth): Promise<void> {
  await to.engine('engine_forkchoiceUpdatedV3', chain.forkchoice);
}

void [systemClock, generatePrivateKey, fastCrypto, openPeer, protocol, connect];
