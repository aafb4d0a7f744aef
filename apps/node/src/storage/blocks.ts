import type { Crypto } from '@devp2p/crypto';
import { toHex } from '@devp2p/enr';
import type { SealedHeader } from '@devp2p/eth';
import { encode } from '@devp2p/rlp';
import { equalBytes } from '../bytes.ts';
import type { Genesis } from '../config/genesis/genesis.ts';
import { ChainError } from '../errors/chain-error.ts';
import { encodeConfigRecord } from './config-record.ts';
import type { Change, Database, Reading } from './database.ts';
import {
  gapsIn,
  type NumberRange,
  type NumberRanges,
  numberRangesCodec,
  upTo,
  withNumbers,
} from './number-ranges.ts';
import { type CachedRecord, RecordCache } from './record-cache.ts';
import {
  type BlockRecord,
  blockKey,
  blockNumber,
  corrupt,
  decodeHeaderRecord,
  decodeRecord,
  formatCodec,
  type HeadRecord,
  hashKey,
  headCodec,
  isList,
  numberCodec,
  recordsOf,
  singleKey,
} from './records.ts';

/** What this program writes. A program that writes something else counts this up. */
const formatVersion = 1;
/** Blocks that are given up in one batch. */
const truncateBatch = 1024;
/** Memory for records that peers asked for last, in bytes. */
const cacheSize = 32 * 1024 * 1024;

/** A block as it is stored. */
export interface StoredBlock {
  readonly header: SealedHeader;
  /** RLP list of transactions, uncles and withdrawals. */
  readonly body: Uint8Array;
  /** RLP list of receipts in the form of eth/69. */
  readonly receipts?: Uint8Array | undefined;
  /** RLP list (EIP-7928). */
  readonly accessList?: Uint8Array | undefined;
}

/** The last block and what it takes to go on from it. */
export interface Head {
  readonly header: SealedHeader;
  readonly totalDifficulty: bigint;
}

/** The canonical chain, block by block, in a database. Nothing is decoded but where it says so. */
export class BlockStore {
  readonly #database: Database;
  readonly #crypto: Crypto;
  #head: Head;
  /** The blocks that have receipts. */
  #whole: NumberRanges;
  /** Of the chain that the database holds; absent while that changes otherwise than by growing. */
  #cache: RecordCache | undefined = new RecordCache(cacheSize);

  private constructor(database: Database, crypto: Crypto, head: Head, whole: NumberRanges) {
    this.#database = database;
    this.#crypto = crypto;
    this.#head = head;
    this.#whole = whole;
  }

  /**
   * Opens the chain that begins with this genesis block; an empty database gets it.
   *
   * @throws ChainError `other-genesis`, `other-format`, `corrupt`
   */
  static async open(database: Database, genesis: Genesis, crypto: Crypto): Promise<BlockStore> {
    const [format, head] = await database.getMany([singleKey('format'), singleKey('head')]);
    if (format === undefined) {
      if (head !== undefined) throw corrupt('the format record');
      const first = { header: genesis.header, totalDifficulty: genesis.header.difficulty };
      const receipts = Uint8Array.of(0xc0);
      await database.batch([
        put(singleKey('format'), encode(formatCodec, formatOf(genesis))),
        put(singleKey('config'), encodeConfigRecord(genesis.config)),
        ...putBlock({ header: genesis.header, body: genesis.body, receipts }),
        putHead(first),
        putWhole(genesisOnly),
      ]);
      return new BlockStore(database, crypto, first, genesisOnly);
    }
    checkFormat(format, genesis, database.location);
    if (head === undefined) throw corrupt('the head record');
    const record = decodeRecord(headCodec, head, 'the head record');
    const [last, whole] = [await readHead(database, record, crypto), await readWhole(database)];
    return new BlockStore(database, crypto, last, whole);
  }

  get head(): Head {
    return this.#head;
  }

  /** Blocks without a gap that are there with their receipts: those up to the head, or else the longest such range. */
  get whole(): NumberRange {
    const length = ({ first, last }: NumberRange): number => last - first;
    const highest = this.#whole.at(-1);
    if (highest?.last === this.#head.header.number) return highest;
    const [first = { first: 0, last: 0 }, ...others] = this.#whole;
    return others.reduce((best, one) => (length(one) > length(best) ? one : best), first);
  }

  /** Blocks that are there without their receipts. */
  get withoutReceipts(): NumberRanges {
    return gapsIn(this.#whole, this.#head.header.number);
  }

  /** @throws ChainError `corrupt` */
  async numberOf(hash: Uint8Array): Promise<number | undefined> {
    const [number] = await readNumbers(this.#database, [hash]);
    return number;
  }

  /** Records of one kind, one for each number. */
  records(kind: BlockRecord, numbers: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    return this.#database.getMany(numbers.map((number) => blockKey(kind, number)));
  }

  /** Records of one kind by block hash, all of one chain even while it is reorganised. */
  async recordsByHash(
    kind: CachedRecord,
    hashes: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]> {
    // What is read of this chain goes to its own cache, whatever happens to the chain meanwhile.
    const cache = this.#cache;
    const records = hashes.map((hash) => cache?.get(kind, hash));
    const missing = hashes.filter((_, i) => records[i] === undefined);
    if (missing.length === 0) return records;
    const read = await this.#database.atOnce(async (snapshot) => {
      const numbers = await readNumbers(snapshot, missing);
      // Nothing stands under the key of an unknown block.
      return snapshot.getMany(numbers.map((number) => blockKey(kind, number ?? unknownNumber)));
    });
    for (const [i, record] of read.entries()) {
      if (record !== undefined) cache?.set(kind, missing[i] as Uint8Array, record);
    }
    let next = 0;
    return records.map((record) => record ?? read[next++]);
  }

  /** Headers by the number of the first and the way to the next, or by its hash. */
  headersFrom(
    origin: number | Uint8Array,
    numbersFrom: (first: number) => number[],
  ): Promise<{ numbers: number[]; records: (Uint8Array | undefined)[] }> {
    return this.#database.atOnce(async (snapshot) => {
      const first =
        typeof origin === 'number' ? origin : (await readNumbers(snapshot, [origin]))[0];
      const numbers = first === undefined ? [] : numbersFrom(first);
      const records = await snapshot.getMany(numbers.map((number) => blockKey('header', number)));
      return { numbers, records };
    });
  }

  /** Decodes a header. @throws ChainError `corrupt` */
  async header(number: number): Promise<SealedHeader | undefined> {
    if (number < 0 || number > this.#head.header.number) return undefined;
    const value = await this.#database.get(blockKey('header', number));
    const what = `the header of block ${number}`;
    if (value === undefined) throw corrupt(what);
    return decodeHeaderRecord(value, number, what, this.#crypto);
  }

  /** One block, of which the header is decoded. @throws ChainError `corrupt` */
  async block(number: number): Promise<StoredBlock | undefined> {
    const header = await this.header(number);
    if (header === undefined) return undefined;
    const [body, receipts, accessList] = await this.#database.getMany([
      blockKey('body', number),
      blockKey('receipts', number),
      blockKey('accessList', number),
    ]);
    if (body === undefined || !isList(body)) throw corrupt(`the body of block ${number}`);
    return { header, body, receipts, accessList };
  }

  /** Sum of all difficulties up to a block. */
  async totalDifficulty(number: number): Promise<bigint> {
    return (await this.#rewind(number, [])).totalDifficulty;
  }

  /**
   * Puts blocks on top of block `ancestor`, in one batch with the removal of what was above it.
   *
   * @param blocks the next numbers, in order
   */
  async write(ancestor: number, blocks: readonly StoredBlock[]): Promise<void> {
    const changes: Change[] = [];
    let head = await this.#rewind(ancestor, changes);
    let whole = upTo(this.#whole, ancestor);
    for (const block of blocks) {
      changes.push(...putBlock(block));
      const { header } = block;
      if (block.receipts !== undefined) {
        whole = withNumbers(whole, { first: header.number, last: header.number });
      }
      head = { header, totalDifficulty: head.totalDifficulty + header.difficulty };
    }
    changes.push(putHead(head), putWhole(whole));
    if (ancestor < this.#head.header.number) await this.#rewrite(changes);
    else await this.#database.batch(changes);
    this.#head = head;
    this.#whole = whole;
  }

  /** Gives up all blocks above `number`, from the head down, so that at any moment what is left is a whole chain. */
  async truncate(number: number): Promise<void> {
    while (this.#head.header.number > number) {
      const to = Math.max(number, this.#head.header.number - truncateBatch);
      const changes: Change[] = [];
      const head = await this.#rewind(to, changes);
      const whole = upTo(this.#whole, to);
      changes.push(putHead(head), putWhole(whole));
      await this.#rewrite(changes);
      this.#head = head;
      this.#whole = whole;
    }
  }

  /** Adds records of one kind to blocks that are there. */
  async writeRecords(
    kind: 'receipts' | 'accessList',
    records: readonly (readonly [number: number, raw: Uint8Array])[],
  ): Promise<void> {
    const changes = records.map(([number, raw]) => put(blockKey(kind, number), raw));
    let whole = this.#whole;
    if (kind === 'receipts') {
      for (const [number] of records) whole = withNumbers(whole, { first: number, last: number });
      changes.push(putWhole(whole));
    }
    await this.#database.batch(changes);
    this.#whole = whole;
  }

  /** Applies changes that remove blocks. */
  async #rewrite(changes: readonly Change[]): Promise<void> {
    this.#cache = undefined;
    try {
      await this.#database.batch(changes);
    } finally {
      this.#cache = new RecordCache(cacheSize);
    }
  }

  /** What the head is once the blocks above `ancestor` are gone; collects the changes that remove them. */
  async #rewind(ancestor: number, changes: Change[]): Promise<Head> {
    let { header, totalDifficulty } = this.#head;
    for (let { number } = header; number > ancestor; number--) {
      changes.push(
        { type: 'del', key: hashKey(header.hash) },
        { type: 'del', key: blockKey('header', number) },
        { type: 'del', key: blockKey('body', number) },
        { type: 'del', key: blockKey('receipts', number) },
        { type: 'del', key: blockKey('accessList', number) },
      );
      totalDifficulty -= header.difficulty;
      const parent = await this.header(number - 1);
      if (parent === undefined) throw corrupt(`the header of block ${number - 1}`);
      header = parent;
    }
    return { header, totalDifficulty };
  }
}

/** No block has this number. */
const unknownNumber = Number.MAX_SAFE_INTEGER;

function put(key: Uint8Array, value: Uint8Array): Change {
  return { type: 'put', key, value };
}

function putHead({ header: { number, hash }, totalDifficulty }: Head): Change {
  return put(singleKey('head'), encode(headCodec, { number, hash, totalDifficulty }));
}

/** The genesis block has receipts: none. */
const genesisOnly: NumberRanges = [{ first: 0, last: 0 }];

function putWhole(ranges: NumberRanges): Change {
  return put(singleKey('whole'), encode(numberRangesCodec, ranges));
}

/** Which blocks have receipts. A database of before that was recorded is looked through. */
async function readWhole(database: Database): Promise<NumberRanges> {
  const record = await database.get(singleKey('whole'));
  if (record !== undefined) {
    return decodeRecord(numberRangesCodec, record, 'the record of receipts');
  }
  let ranges: NumberRanges = [];
  for await (const key of database.keys(recordsOf('receipts'))) {
    const number = blockNumber(key);
    ranges = withNumbers(ranges, { first: number, last: number });
  }
  await database.batch([putWhole(ranges)]);
  return ranges;
}

function putBlock({ header, body, receipts, accessList }: StoredBlock): Change[] {
  const { number } = header;
  const changes = [
    put(blockKey('header', number), header.raw),
    put(blockKey('body', number), body),
    put(hashKey(header.hash), encode(numberCodec, number)),
  ];
  if (receipts !== undefined) changes.push(put(blockKey('receipts', number), receipts));
  if (accessList !== undefined) changes.push(put(blockKey('accessList', number), accessList));
  return changes;
}

function formatOf({ header }: Genesis): { version: number; genesis: Uint8Array } {
  return { version: formatVersion, genesis: header.hash };
}

function checkFormat(record: Uint8Array, genesis: Genesis, location: string): void {
  const found = decodeRecord(formatCodec, record, 'the format record');
  if (found.version !== formatVersion) {
    throw new ChainError(
      'other-format',
      `${location} has format ${found.version}, this program writes ${formatVersion}: sync into another directory`,
    );
  }
  if (!equalBytes(found.genesis, genesis.header.hash)) {
    throw new ChainError(
      'other-genesis',
      `${location} has the chain of genesis block 0x${toHex(found.genesis)}, not 0x${toHex(genesis.header.hash)} of ${genesis.source}: use the genesis that it was made with, or another datadir`,
    );
  }
}

async function readHead(reading: Reading, record: HeadRecord, crypto: Crypto): Promise<Head> {
  const { number, hash, totalDifficulty } = record;
  const [header, body, index] = await reading.getMany([
    blockKey('header', number),
    blockKey('body', number),
    hashKey(hash),
  ]);
  const what = `the header of block ${number}`;
  if (header === undefined) throw corrupt(what);
  const decoded = decodeHeaderRecord(header, number, what, crypto);
  if (!equalBytes(decoded.hash, hash)) throw corrupt(what, new Error('its hash is another'));
  if (body === undefined || !isList(body)) throw corrupt(`the body of block ${number}`);
  if (index === undefined) throw corrupt(`the number of block 0x${toHex(hash)}`);
  return { header: decoded, totalDifficulty };
}

async function readNumbers(
  reading: Reading,
  hashes: readonly Uint8Array[],
): Promise<(number | undefined)[]> {
  const values = await reading.getMany(hashes.map(hashKey));
  return values.map((value, i) =>
    value === undefined
      ? undefined
      : decodeRecord(numberCodec, value, `the number of block 0x${toHex(hashes[i] as Uint8Array)}`),
  );
}
