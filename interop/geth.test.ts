import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { disconnectReasons } from '@devp2p/peer';
import { decode, encode, tree } from '@devp2p/rlp';
import { connect } from '@devp2p/rlpx/tcp';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildGeth, type Geth, startGeth, type TestChain, testChain } from './geth.ts';
import { callEngine } from './json-rpc.ts';
import { enodeOf, startNode } from './node.ts';
import type { Program } from './program.ts';
import { startSlowLink } from './slow-link.ts';

const demoGenesis = fileURLToPath(new URL('../apps/node/demo/chain/genesis.json', import.meta.url));

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

function node(flags: string[], options: { datadir?: string; genesis?: string; networkId?: string } = {}): Program {
  const { genesis = chain.genesis, networkId = chain.networkId } = options;
  const program = startNode(options.datadir ?? datadir(), { genesis, networkId, flags });
  running.add(program);
  return program;
}

function expectHead([line]: RegExpExecArray): void {
  expect(line).toContain(`number=${chain.headNumber} `);
  expect(line).toContain(`hash=${chain.headHash} `);
}

describe('our node and an unmodified geth', () => {
  test.each([70, 69])('ND-18 our node downloads 600 blocks from geth over eth/%i', async (version) => {
    const ours = node([`--static=${geth.enode}`, `--eth.versions=${version}`, '--sync.exit']);
    expectHead(await ours.line(/^synced .*/));
    expect(await ours.exited).toBe(0);
    await ours.line(new RegExp(`peer added.* client="?Geth/v1\\.17\\.10.* eth=${version}`));
  });

  test('ND-18 a second node downloads them from the first', async () => {
    const first = node([`--static=${geth.enode}`]);
    expectHead(await first.line(/^synced .*/));
    // With the threads that execute the blocks, and a block with more than 10 MiB of receipts.
    expect(first.peakMemory).toBeLessThan(400 * 1024 * 1024);
    expect(first.peakMemory).toBeGreaterThan(0);
    console.log(`peak memory of the download: ${Math.round(first.peakMemory / 1024 / 1024)} MB`);
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
    // geth ignores the update without a peer, so this waits for the peer.
    await empty.program.line(/Ethereum peer connected|Ethereum handshake complete|peers=1/i);
    const imported = empty.program.line(/Imported new (?:potential )?chain segment +number=600 /);
    await updateForkchoice(empty);
    await imported;
    await updateForkchoice(empty);
    const head = (await empty.rpc('eth_getBlockByNumber', ['latest', false])) as { hash: string };
    expect(head.hash).toBe(chain.headHash);
  });

  test('ND-18 geth lists our node as a peer with eth/70', async () => {
    const ours = node([`--static=${geth.enode}`, '--identity=interop']);
    await ours.line(/peer added/);
    const peers = (await geth.rpc('admin_peers')) as { name: string; caps: string[] }[];
    const us = peers.find(({ name }) => name.includes('interop'));
    expect(us?.caps).toContain('eth/70');
  });

  test('ND-03 downloads end at the head although our node is killed with -9 ten times', async () => {
    let folder = datadir();
    for (let kills = 0; kills < 10; ) {
      const ours = node([`--static=${geth.enode}`], { datadir: folder });
      const part = kills % 2 === 0 ? /progress .*phase=headers/ : /progress .*phase=blocks done=[1-9]/;
      const moment = await Promise.race([
        ours.line(part).then(() => 'under way'),
        ours.line(/^synced /).then(() => 'over'),
      ]);
      ours.kill('SIGKILL');
      await ours.exited;
      running.delete(ours);
      if (moment === 'under way') kills += 1;
      else folder = datadir();
    }
    const last = node([`--static=${geth.enode}`, '--sync.exit'], { datadir: folder });
    expectHead(await last.line(/^synced .*/));
    expect(await last.exited).toBe(0);
  });

  test.each([
    ['another network', { networkId: '1' }, 'network ID mismatch', 'subprotocol error'],
    ['another genesis', { genesis: demoGenesis }, 'genesis mismatch', 'subprotocol error'],
  ])('PE-04 a disconnect of geth because of %s is reported with its reason', async (_, options, cause, reason) => {
    // Both sides detect it. If geth reads our Disconnect before its own handshake has failed, it repeats our reason
    // (Peer.run in p2p/peer.go). On this link our node receives the Status of geth after geth has disconnected.
    const link = await startSlowLink(geth.enode, 2_000);
    running.add(link);
    const ours = node([`--static=${link.enode}`], options);
    // The line has the reason of geth, or its answer to ours.
    const reasons = `(?:reason="${reason}" direction=remote|answer="${reason}")`;
    await ours.line(new RegExp(`peer dropped .*${reasons}`));
    await geth.program.line(new RegExp(`Ethereum handshake failed.*${cause}`));
  });

  test('PE-04 a disconnect of geth without a shared version is reported with its reason', async () => {
    const ours = node([`--static=${geth.enode}`, '--eth.versions=68']);
    await ours.line(/peer dropped .*reason="useless peer"/);

    // Our node detects it as well and may disconnect first. Here only geth disconnects.
    const stream = await connect(geth.enode, {
      privateKey: generatePrivateKey(),
      crypto: fastCrypto,
    });
    const text = (value: string) => new TextEncoder().encode(value);
    const capability = [text('eth'), Uint8Array.of(60)];
    const hello = [Uint8Array.of(5), text('interop'), [capability], new Uint8Array(), stream.localId];
    await stream.write(0, encode(tree(), hello));
    expect((await stream.read())?.code).toBe(0);
    stream.enableCompression();
    const disconnect = await stream.read();
    expect(disconnect?.code).toBe(1);
    const reason = decode(tree(), disconnect?.payload ?? new Uint8Array());
    expect(reason).toEqual([Uint8Array.of(disconnectReasons['useless-peer'])]);
    await stream.close();
  });
});

async function updateForkchoice(to: Geth): Promise<void> {
  await callEngine(to.engine, chain.forkchoice);
}
