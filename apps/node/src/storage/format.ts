import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { encode } from '@devp2p/rlp';
import type { Genesis } from '../config/genesis/genesis.ts';
import { ChainError } from '../errors/chain-error.ts';
import { putBlock, putHead, putReceiptRanges } from './block-records.ts';
import { encodeConfigRecord } from './config-record.ts';
import { type Database, put } from './database.ts';
import { formatOneHeadKey, type MigrationOptions, migrateFromFormatOne } from './migration.ts';
import { corrupt, decodeRecord, formatCodec } from './records.ts';
import { canonicalKey, formatKey, metaKey } from './schema.ts';

/**
 * The format that this program writes. Version 1 kept canonical blocks by number alone; version 2 has blocks by hash, a
 * canonical index and side blocks. A change that older programs would misread increments it.
 */
const formatVersion = 2;

/** @see prepareDatabase */
export interface PrepareOptions extends Omit<MigrationOptions, 'database'> {
  readonly database: Database;
  readonly genesis: Genesis;
  readonly crypto: Crypto;
}

/**
 * Brings a database to the current format: writes the genesis block to an empty one, migrates one of an older format,
 * and completes a migration that was interrupted.
 *
 * @throws ChainError `other-genesis`, `other-format`, `disk-space`, `corrupt`; the reason of the signal
 */
export async function prepareDatabase(options: PrepareOptions): Promise<void> {
  const { database, genesis } = options;
  const [record, head, oldHead, migration] = await database.getMany([
    formatKey,
    metaKey('head'),
    formatOneHeadKey,
    metaKey('migration'),
  ]);
  if (record === undefined) {
    if (head !== undefined || oldHead !== undefined) throw corrupt('the format record');
    await writeGenesis(database, genesis);
    return;
  }
  const found = decodeRecord(formatCodec, record, 'the format record');
  if (found.version !== 1 && found.version !== formatVersion) {
    throw new ChainError(
      'other-format',
      `${database.location} has format ${found.version}, this program writes format ${formatVersion}: use the version of the program that wrote it, or sync into another directory`,
    );
  }
  if (!equalBytes(found.genesis, genesis.header.hash)) {
    throw new ChainError(
      'other-genesis',
      `${database.location} has the chain of genesis block 0x${toHex(found.genesis)}, not 0x${toHex(genesis.header.hash)} of ${genesis.source}: use the genesis that it was created with, or another datadir`,
    );
  }
  if (found.version === formatVersion && migration === undefined) return;
  await migrateFromFormatOne(encode(formatCodec, formatOf(genesis)), options);
}

async function writeGenesis(database: Database, { header, body, config }: Genesis): Promise<void> {
  const receipts = Uint8Array.of(0xc0);
  await database.batch([
    put(formatKey, encode(formatCodec, formatOf({ header }))),
    put(metaKey('config'), encodeConfigRecord(config)),
    ...putBlock({ header, body, receipts }),
    put(canonicalKey(0), header.hash),
    putHead({ header, totalDifficulty: header.difficulty }),
    putReceiptRanges([{ first: 0, last: 0 }]),
  ]);
}

function formatOf({ header }: Pick<Genesis, 'header'>): { version: number; genesis: Uint8Array } {
  return { version: formatVersion, genesis: header.hash };
}
