import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@devp2p/appkit/cli';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { encode, RlpError } from '@devp2p/rlp';
import {
  decodeBlock,
  decodeReceiptsRecord,
  encodeBlock,
  type FileBlock,
  isReceiptsRecord,
  type ReceiptsRecord,
  receiptsRecordCodec,
} from '../../../apps/node/src/chain/files/block-rlp.ts';
import { RlpStreamError, rlpLists } from '../../../apps/node/src/chain/files/rlp-lists.ts';
import { readInvocation } from '../../../apps/node/src/cli/flags/settings.ts';
import { parseGenesis } from '../../../apps/node/src/config/genesis/genesis.ts';
import { BlockError, ChainError } from '../../../apps/node/src/errors/chain-error.ts';
import { type Target, target } from '../target.ts';
import { urls } from './enr.ts';
import { blockReceipts, bodies, headers } from './eth.ts';

type FileItem = FileBlock | ReceiptsRecord;

async function readItems(file: Uint8Array): Promise<FileItem[]> {
  const items: FileItem[] = [];
  const middle = file.length >> 1;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield file.subarray(0, middle);
    yield file.subarray(middle);
  };
  for await (const item of rlpLists(chunks(), 1 << 20)) {
    items.push(isReceiptsRecord(item) ? decodeReceiptsRecord(item) : decodeBlock(item, crypto));
  }
  return items;
}

function writeItem(item: FileItem): Uint8Array {
  if ('receipts' in item) return encode(receiptsRecordCodec, item);
  return encodeBlock(item.header.raw, item.body.raw, item.accessList);
}

const [header = new Uint8Array()] = headers;
const blocks = bodies.map((body) => encodeBlock(header, body));
const accessList = Uint8Array.of(0xc1, 0xc0);
const withAccessList = encodeBlock(headers[1] ?? header, bodies[1] ?? header, accessList);
const receipts = encode(receiptsRecordCodec, {
  ...decodeReceiptsRecord(
    Buffer.concat([
      Uint8Array.of(0xf9, (33 + blockReceipts.length) >> 8, 33 + blockReceipts.length, 0xa0),
      new Uint8Array(32).fill(1),
      blockReceipts,
    ]),
  ),
});

const demo = new URL('../../../apps/node/demo/chain/', import.meta.url);
const genesis = JSON.parse(readFileSync(new URL('genesis.json', demo), 'utf8')) as {
  alloc: Record<string, unknown>;
};
const forks = ['shanghaiTime', 'cancunTime', 'pragueTime', 'osakaTime', 'bpo1Time', 'amsterdamTime'];
const smallGenesis = JSON.stringify({
  ...genesis,
  alloc: Object.fromEntries(Object.entries(genesis.alloc).slice(0, 2)),
});

const toml = [
  `datadir = "/tmp/x"\nmaxpeers = 50\nnetworkid = 7\nbootnodes = ["${urls[0]}"]\n`,
  '[http]\nenabled = true\nport = 8545\napi = ["admin", "net"]\n\n[metrics]\nport = 6060\n',
  'verbosity = "info,sync=debug"\nnat = "extip:192.0.2.1"\n[sync]\nexit = true\n',
];
const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'config.toml');

export const fileTargets: readonly Target[] = [
  target({
    name: 'chain file',
    structure: 'rlp',
    corpus: [
      ...blocks,
      withAccessList,
      receipts,
      Buffer.concat([...blocks, receipts, withAccessList]),
      new Uint8Array(),
    ],
    errors: [RlpError, RlpStreamError, BlockError],
    decode: readItems,
    encode: (items) => Buffer.concat(items.map(writeItem)),
    isCanonical: true,
  }),
  target({
    name: 'genesis.json',
    structure: 'json',
    words: [...forks, 'alloc', 'config', 'nonce', '0x', '0xffffffffffffffff', '00', '__proto__'],
    corpus: [smallGenesis],
    errors: [ChainError],
    decode: (input: string) => parseGenesis(input, crypto),
  }),
  target({
    name: 'configuration file',
    structure: 'text',
    words: ['[http]', '[', ']', '"', "'''", ' = ', 'true', 'inf', '0x', '1979-05-27', '#', '{', '.'],
    corpus: toml,
    errors: [UsageError],
    decode(input: string) {
      writeFileSync(config, input);
      return readInvocation(['--config', config], {});
    },
  }),
];
