import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { decodeHeader } from '@devp2p/eth';
import { createNode, importFile } from '@devp2p/node';
import { Reader } from '@devp2p/rlp';
import { chainFolders, type ImportChain, importChains, readBlocks, readHead } from '../execution/chains.ts';
import { serve } from './serve.ts';

const folders = chainFolders(process.argv.slice(2));

const scratch = mkdtempSync(join(tmpdir(), 'devp2p-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

/** CPU time of the second halves, in µs. */
let measured = 0;
let directories = 0;

/**
 * Imports a chain in a node of its own, as `devp2p-node import` does. The first half is the warm-up, since each node has
 * new threads. The time of the second half ends when the node is closed: then everything is on disk.
 */
function halves({ name, count }: ImportChain) {
  const folder = folders.get(name) ?? '';
  const head = readHead(folder);
  const blocks = readBlocks(folder);
  const half = head.number >> 1;
  const [first, second] = [blocks.slice(0, half), blocks.slice(half)];
  const files = { first: join(scratch, `${name}-1.rlp`), second: join(scratch, `${name}-2.rlp`) };
  writeFileSync(files.first, Buffer.concat(first));
  writeFileSync(files.second, Buffer.concat(second));
  const counted = count === 'gas' ? second.reduce((sum, block) => sum + gasUsed(block), 0) : second.length;
  return async () => {
    const datadir = join(scratch, String(directories++));
    const node = await createNode({
      genesis: join(folder, 'genesis.json'),
      datadir,
      host: '127.0.0.1',
      port: 0,
      discovery: false,
    });
    if (!node.chain.isExecuting) throw new Error('blocks are not executed');
    await importFile(node.chain, files.first, { crypto });
    const before = process.cpuUsage();
    await importFile(node.chain, files.second, { crypto });
    const { hash, number } = node.chain.head;
    await node.close();
    const { user, system } = process.cpuUsage(before);
    measured += user + system;
    rmSync(datadir, { recursive: true });
    if (number !== head.number || `0x${Buffer.from(hash).toString('hex')}` !== head.hash) {
      throw new Error(`the head is block ${number}`);
    }
    return counted;
  };
}

function gasUsed(block: Uint8Array): number {
  const reader = new Reader(block);
  reader.enterList();
  return Number(decodeHeader(reader.item(), crypto).gasUsed);
}

const cases = importChains.filter(({ name }) => folders.has(name));
await serve(Object.fromEntries(cases.map((item) => [item.name, () => halves(item)])), () => measured);
