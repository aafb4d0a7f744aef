import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fromHex, toHex } from '@devp2p/bytes';
import { formatEnr, parseEnode, parseEnr } from '@devp2p/enr';
import { forkId } from '@devp2p/eth';
import { decode, encode, tree } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import { forksOf } from './client.ts';
import { enodeOf } from './node.ts';
import { Scene } from './scene.ts';
import { devp2p } from './suite.ts';

const scene = new Scene();

/** The output of go-ethereum's tool. */
async function run(...args: string[]): Promise<string> {
  return (await promisify(execFile)(devp2p, args)).stdout;
}

test("D4-17 PE-01 ND-18 go-ethereum's tools reach our node by enode URL and by record", async () => {
  const enode = await enodeOf(scene.startNode([]));
  const { id, tcp } = parseEnode(enode);
  const enr = (await run('discv4', 'requestenr', enode)).trim();
  expect(await run('discv4', 'resolve', enode)).toBe(`${enr}\n`);
  for (const node of [enode, enr]) {
    expect(await run('discv4', 'ping', node)).toMatch(/^node responded to ping/);
    expect(await run('rlpx', 'ping', node)).toMatch(/^\{Version:5 Name:devp2p-node\/\S+ Caps:\[eth\/69 eth\/70\] /);
  }

  const record = parseEnr(enr);
  expect(formatEnr(record)).toBe(enr);
  const dump = await run('enrdump', enr);
  expect(dump).toContain(`URLv4:   enode://${toHex(id)}@127.0.0.1:${tcp}\n`);
  expect(dump).toContain(`sequence number ${record.seq} and 6 key/value pairs`);
  const genesis = fromHex(scene.chain.genesisHash.slice(2));
  const { hash, next } = forkId(genesis, forksOf(scene.chain), { number: 0, time: 0 });
  const entry = decode(tree(), fromHex(/"eth" +([0-9a-f]+)/.exec(dump)?.[1] ?? ''));
  const expected = [[Buffer.from(hash.toString(16).padStart(8, '0'), 'hex'), Uint8Array.of(Number(next))]];
  expect(toHex(encode(tree(), entry))).toBe(toHex(encode(tree(), expected)));
});
