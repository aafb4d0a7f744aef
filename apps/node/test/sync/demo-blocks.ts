import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { fastCrypto } from '@devp2p/crypto/fast';
import { decodeBody, decodeHeader, receiptList } from '@devp2p/eth';
import { decode, encode, list, Reader, raw } from '@devp2p/rlp';
import { decodeReceiptsRecord, type ReceiptsRecord } from '../../src/chain/files/block-rlp.ts';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import type { CompleteBlock } from '../../src/sync/chain.ts';

const folder = new URL('../../demo/chain/', import.meta.url);

export const genesisFile: string = fileURLToPath(new URL('genesis.json', folder));

/** The demo's genesis: 1024 blocks follow it. */
export const genesis = parseGenesis(readFileSync(genesisFile, 'utf8'), fastCrypto);

/** The demo's chain, the block with number n at index n. */
export const blocks: readonly CompleteBlock[] = readBlocks();

function readBlocks(): CompleteBlock[] {
  const items = (file: string): Uint8Array[] => {
    const reader = new Reader(gunzipSync(readFileSync(new URL(file, folder))));
    const all: Uint8Array[] = [];
    while (!reader.done) all.push(raw.read(reader));
    return all;
  };
  const receipts = items('receipts.rlp.gz').map(decodeReceiptsRecord);
  const first = {
    header: genesis.header,
    body: decodeBody(genesis.body),
    receipts: decode(receiptList, Uint8Array.of(0xc0)),
  };
  return [
    first,
    ...items('chain.rlp.gz').map((block, i) => {
      const [header, ...body] = decode(list(raw), block);
      return {
        header: decodeHeader(header as Uint8Array, fastCrypto),
        body: decodeBody(encode(list(raw), body)),
        receipts: (receipts[i] as ReceiptsRecord).receipts,
      };
    }),
  ];
}
