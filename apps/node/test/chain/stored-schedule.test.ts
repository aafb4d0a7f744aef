import { Level } from 'level';
import { describe, expect, test } from 'vitest';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import type { Genesis } from '../../src/config/genesis/genesis.ts';
import { decodeConfigRecord, encodeConfigRecord } from '../../src/storage/config-record.ts';
import { metaKey } from '../../src/storage/schema.ts';
import { encodeFields, makeChain, makeGenesis, nextBlock } from './make-blocks.ts';
import { openTemporary, temporaryDirectory } from './temporary.ts';

type Era = Parameters<typeof makeGenesis>[0];
type Changes = NonNullable<Parameters<typeof makeGenesis>[1]>;

/** A chain that crosses forks, and additional fields of its genesis.json. */
interface World {
  readonly era: Era;
  readonly config: object;
  readonly fields?: object;
  readonly block?: object;
}

const fraction = 5_007_716;
const blobs = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: fraction },
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671 },
};
/** Blocks have the times 1012, 1024 … 1240. Two forks are in the future. */
const stake: World = {
  era: 'shanghai',
  config: {
    ...{ cancunTime: 1024, pragueTime: 1048, osakaTime: 1072, bpo1Time: 1096 },
    ...{ amsterdamTime: 1120, bpo2Time: 1110, bogotaTime: 5000 },
    mergeNetsplitBlock: 90,
    blobSchedule: blobs,
  },
};
/** Proof of work with forks by number. One is in the future. */
const work: World = {
  era: 'work',
  config: {
    ...{ daoForkBlock: 0, berlinBlock: 5, londonBlock: 10, arrowGlacierBlock: 30 },
    ...{ terminalTotalDifficulty: 10_000_000, blobSchedule: null },
  },
  fields: { baseFeePerGas: null },
};

function genesisOf({ era, config, fields }: World, change: object = {}): Genesis {
  return makeGenesis(era, { ...fields, config: { ...config, ...change } } as Changes);
}

/** A directory with 20 blocks. */
async function directoryOf(world: World): Promise<string> {
  const location = temporaryDirectory();
  const genesis = genesisOf(world);
  const chain = await openTemporary(genesis, { location });
  await chain.append(makeChain(genesis.config, genesis.header, 20, world.block));
  await chain.close();
  return location;
}

async function withDatabase<T>(
  location: string,
  use: (database: Level<Uint8Array, Uint8Array>) => Promise<T>,
): Promise<T> {
  const database = new Level<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

async function storedText(location: string): Promise<string | undefined> {
  const record = await withDatabase(location, (database) => database.get(metaKey('config')));
  return record && new TextDecoder().decode(record);
}

const textOf = ({ config }: Genesis): string => new TextDecoder().decode(encodeConfigRecord(config));

/** Opens with another schedule. @returns the message of the error, or `undefined` */
async function refusal(location: string, genesis: Genesis): Promise<string | undefined> {
  try {
    await (await openTemporary(genesis, { location })).close();
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ name: 'ChainError', code: 'other-schedule' });
    const { message } = error as Error;
    expect(message).toContain(location);
    expect(message).toMatch(/^[\x20-\x7e]+$/);
    return message;
  }
}

describe('a fork schedule is stored with the blocks', () => {
  test.each<[string, World, object, stored: string, given: string]>([
    ['pragueTime', stake, { pragueTime: null }, '1048', 'not set'],
    ['cancunTime', stake, { cancunTime: 1036 }, '1024', '1036'],
    ['osakaTime', stake, { osakaTime: 1060 }, '1072', '1060'],
    ['osakaTime', stake, { osakaTime: 1241, ...after(1241) }, '1072', '1241'],
    ['bpo1Time', stake, { bpo1Time: null, blobSchedule: { ...blobs, bpo1: null } }, '1096', 'not set'],
    ['bogotaTime', stake, { bogotaTime: 1240 }, '5000', '1240'],
    [
      'bpo3Time',
      stake,
      { bogotaTime: null, bpo3Time: 1200, blobSchedule: { ...blobs, bpo3: blobs.bpo2 } },
      'not set',
      '1200',
    ],
    ['mergeNetsplitBlock', stake, { mergeNetsplitBlock: 20 }, '90', '20'],
    ['homesteadBlock', stake, { homesteadBlock: null }, '0', 'not set'],
    ['berlinBlock', work, { berlinBlock: 6 }, '5', '6'],
    ['londonBlock', work, { londonBlock: 9 }, '10', '9'],
    ['londonBlock', work, { londonBlock: 21 }, '10', '21'],
    ['arrowGlacierBlock', work, { arrowGlacierBlock: 20 }, '30', '20'],
    ['daoForkBlock', work, { daoForkBlock: null }, '0', 'not set'],
  ])('ND-03 a change of an active fork is refused: %s', async (field, world, change, stored, given) => {
    const location = await directoryOf(world);
    const before = await storedText(location);
    const genesis = { ...safeGenesis(world, change), source: 'genesis /etc/g.json' };
    expect(await refusal(location, genesis)).toContain(
      `: ${field} is ${stored} there, ${given} in genesis /etc/g.json; use `,
    );
    expect(await storedText(location)).toBe(before);
    expect(await refusal(location, genesisOf(world))).toBeUndefined();
  });

  test.each<[string, World, object, string]>([
    ['chainId', stake, { chainId: 1235 }, 'chainId is 1234 there, 1235 in'],
    [
      'depositContractAddress',
      stake,
      { depositContractAddress: `0x${'11'.repeat(20)}` },
      `depositContractAddress is 0x${'00'.repeat(20)} there, 0x${'11'.repeat(20)} in`,
    ],
    [
      'blobSchedule',
      stake,
      { blobSchedule: { ...blobs, prague: { ...blobs.prague, max: 8 } } },
      `blobSchedule.prague is target 6, max 9, baseFeeUpdateFraction ${fraction} there, target 6, max 8`,
    ],
    [
      'terminalTotalDifficulty',
      stake,
      { terminalTotalDifficulty: null },
      'terminalTotalDifficulty is 0 there, not set in',
    ],
    [
      'terminalTotalDifficulty',
      work,
      { terminalTotalDifficulty: 200_000 },
      'terminalTotalDifficulty is 10000000 there, 200000 in',
    ],
    ['daoForkSupport', work, { daoForkSupport: true }, 'daoForkSupport is false there, true in'],
  ])('ND-03 a change of a setting that stored blocks depend on is refused: %s', async (_, world, change, text) => {
    const location = await directoryOf(world);
    expect(await refusal(location, genesisOf(world, change))).toContain(text);
  });

  test('ND-03 a change of the clique settings of stored blocks is refused', async () => {
    const extraData = `0x${'00'.repeat(97)}`;
    const world: World = {
      era: 'work',
      config: { clique: { period: 5, epoch: 30_000 } },
      fields: { difficulty: 1, extraData },
      block: { difficulty: 2n, extraData: new Uint8Array(97) },
    };
    const location = await directoryOf(world);
    for (const [clique, shown] of [
      [{ period: 4, epoch: 30_000 }, 'period 4, epoch 30000'],
      [{ period: 5, epoch: 20_000 }, 'period 5, epoch 20000'],
      [null, 'not set'],
    ] as const) {
      const message = await refusal(location, genesisOf(world, { clique }));
      expect(message).toContain(`clique is period 5, epoch 30000 there, ${shown} in`);
    }
    expect(await refusal(location, genesisOf(world, { clique: { period: 5 } }))).toBeUndefined();
  });

  test.each<[string, World, object]>([
    ['a later fork is added', stake, { bpo3Time: 6000, blobSchedule: { ...blobs, bpo3: blobs.bpo2 } }],
    ['a later fork is moved closer', stake, { bogotaTime: 1241 }],
    ['a later fork is moved to the maximum time', stake, { bogotaTime: '18446744073709551615' }],
    ['a later fork is removed', stake, { bogotaTime: null }],
    ['a later fork by number is moved', work, { arrowGlacierBlock: 21 }],
    ['blob parameters of a later fork change', stake, { bpo3Time: 6000, blobSchedule: { ...blobs, bpo3: blobs.bpo1 } }],
    ['a fork by time before the future London block', work, { londonBlock: 10, shanghaiTime: 2000 }],
    ['the terminal total difficulty is not reached', work, { terminalTotalDifficulty: 9_999_999 }],
    ['ethash is set', work, { ethash: {} }],
    ['Petersburg at the block of Constantinople', work, { petersburgBlock: 0 }],
  ])('ND-03 a change of a future fork is accepted, and stored: %s', async (_, world, change) => {
    const location = await directoryOf(world);
    const changed = genesisOf(world, change);
    expect(await refusal(location, changed)).toBeUndefined();
    expect(await storedText(location)).toBe(textOf(changed));
    // It can be reverted while the fork is in the future.
    expect(await refusal(location, genesisOf(world))).toBeUndefined();
    expect(await storedText(location)).toBe(textOf(genesisOf(world)));
  });

  test('ND-03 a moved fork cannot be moved again once blocks have passed it', async () => {
    const location = await directoryOf(stake);
    const near = genesisOf(stake, {
      bogotaTime: null,
      bpo3Time: 1252,
      blobSchedule: { ...blobs, bpo3: blobs.bpo1 },
    });
    const chain = await openTemporary(near, { location });
    await chain.append(makeChain(near.config, chain.head, 1));
    await chain.close();
    expect(await refusal(location, genesisOf(stake))).toContain('bpo3Time is 1252 there, not set in');
    // After truncation, the block does not count.
    const again = await openTemporary(near, { location });
    await again.truncate(20);
    await again.close();
    expect(await refusal(location, genesisOf(stake))).toBeUndefined();
  });

  test('ND-03 a chain of only the genesis block accepts any schedule with the same block', async () => {
    const location = temporaryDirectory();
    await (await openTemporary(genesisOf(stake), { location })).close();
    const other = genesisOf(stake, {
      ...{ chainId: 5, pragueTime: 4000, osakaTime: 4000 },
      ...after(4000),
    });
    expect(await refusal(location, other)).toBeUndefined();
    expect(await storedText(location)).toBe(textOf(other));
  });
});

describe('a directory without a stored schedule', () => {
  const forget = async (world: World): Promise<string> => {
    const location = await directoryOf(world);
    await withDatabase(location, (database) => database.del(metaKey('config')));
    return location;
  };

  test.each([
    ['stake', stake],
    ['work', work],
  ] as const)('ND-03 it adopts the given schedule if all blocks are valid by it: %s', async (_, world) => {
    const location = await forget(world);
    const checks: [number, number][] = [];
    const chain = await openTemporary(genesisOf(world), {
      location,
      onCheck: (...check) => checks.push(check),
    });
    expect(chain.head.number).toBe(20);
    await chain.close();
    expect(checks).toEqual([[0, 20]]);
    expect(await storedText(location)).toBe(textOf(genesisOf(world)));
  });

  test('ND-03 an aborted check is repeated at the next start', async () => {
    const location = await forget(stake);
    const signal = AbortSignal.abort();
    await expect(openTemporary(genesisOf(stake), { location, signal })).rejects.toBe(signal.reason);
    let checks = 0;
    await openTemporary(genesisOf(stake), { location, onCheck: () => checks++ });
    expect(checks).toBe(1);
  });

  test.each<[World, object, string]>([
    [stake, { cancunTime: 1036 }, 'block 2: blobGasUsed is set, which blocks have only from cancun on'],
    [stake, { amsterdamTime: 1132 }, 'block 10: blockAccessListHash is set'],
    [stake, { amsterdamTime: 1300, bpo2Time: 1300 }, 'block 10: blockAccessListHash is set'],
    [work, { londonBlock: 11 }, 'block 10: baseFeePerGas is set'],
    [work, { terminalTotalDifficulty: 1_000_000 }, 'terminal one 1000000'],
  ])('ND-03 it refuses other schedules: %#', async (world, change, reason) => {
    const location = await forget(world);
    const message = await refusal(location, genesisOf(world, change));
    expect(message).toContain('has no fork schedule of its own, and its blocks do not fit the one');
    expect(message).toContain(reason);
    expect(await storedText(location)).toBeUndefined();
    expect(await refusal(location, genesisOf(world))).toBeUndefined();
  });

  test('ND-03 bodies are checked as well, in every batch', async () => {
    const genesis = makeGenesis('prague');
    const { config, header } = genesis;
    const blocks: NewBlock[] = makeChain(config, header, 67);
    const parent = blocks.at(-1)?.header ?? header;
    // More gas than Osaka allows.
    const transaction = encodeFields([0, 1, 20_000_000, new Uint8Array(20), 0, 0, 27, 1, 1]);
    blocks.push(nextBlock(config, parent, { transactions: [transaction] }));
    const location = temporaryDirectory();
    const chain = await openTemporary(genesis, { location });
    await chain.append(blocks);
    await chain.close();
    await withDatabase(location, (database) => database.del(metaKey('config')));
    const osakaTime = (time: number): Genesis => makeGenesis('prague', { config: { osakaTime: time } });
    const { timestamp } = blocks.at(-1)?.header ?? header;
    expect(await refusal(location, osakaTime(timestamp))).toContain(
      'block 68: transaction 0: gas limit 20000000 is above 16777216',
    );
    expect(await refusal(location, osakaTime(timestamp + 1))).toBeUndefined();
  });
});

describe('a schedule that a newer version has stored', () => {
  const withUnknown = async (name: string, value: unknown): Promise<string> => {
    const location = await directoryOf(stake);
    await withDatabase(location, async (database) => {
      const config = JSON.parse(textOf(genesisOf(stake)));
      const text = JSON.stringify({ ...config, [name]: value, blobs: { future: true } });
      await database.put(metaKey('config'), new TextEncoder().encode(text));
    });
    return location;
  };

  test.each([
    ['osloTime', 1200],
    ['osloTime', '1240'],
    ['oslo2Block', 20],
  ])('ND-03 an unknown fork before the head is refused: %s %s', async (name, value) => {
    const location = await withUnknown(name, value);
    const message = await refusal(location, genesisOf(stake));
    expect(message).toContain(`${name} is ${value} there, unknown to this version in genesis`);
  });

  test.each([
    ['osloTime', 1241],
    ['osloTime', '18446744073709551615'],
    ['oslo2Block', 21],
    ['osloFork', 1],
  ])('ND-03 one after the head is accepted: %s %s', async (name, value) => {
    const location = await withUnknown(name, value);
    expect(await refusal(location, genesisOf(stake))).toBeUndefined();
    expect(await storedText(location)).toBe(textOf(genesisOf(stake)));
  });
});

test('ND-03 a damaged stored schedule is named', async () => {
  for (const text of ['', '{', '{"chainId": "x"}', '\ufffe', '{"chainId":1,"berlinBlock":5,"londonBlock":4}']) {
    const location = await directoryOf(stake);
    await withDatabase(location, (database) => database.put(metaKey('config'), new TextEncoder().encode(text)));
    await expect(openTemporary(genesisOf(stake), { location })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/^the fork schedule is damaged in the database \(/),
    });
  }
});

test('ND-03 a schedule is read as it was stored, with every digit', () => {
  const config = {
    ...(stake.config as object),
    chainId: '115792089237316195423570985008687907853269984665640564039457584007913129639999',
    terminalTotalDifficulty: '58750000000000000000000',
    bogotaTime: '18446744073709551615',
    daoForkSupport: true,
    ethash: {},
  };
  for (const genesis of [
    makeGenesis('shanghai', { config }),
    makeGenesis('work', {
      config: { clique: { period: 3, epoch: 0 } },
      extraData: `0x${'00'.repeat(97)}`,
    }),
  ]) {
    const { unknownForks, ...read } = decodeConfigRecord(encodeConfigRecord(genesis.config));
    expect(read).toEqual(genesis.config);
    expect(unknownForks).toEqual([]);
  }
});

/** The forks of {@link stake} that must follow a moved one. */
function after(time: number): object {
  return { bpo1Time: time, bpo2Time: time, amsterdamTime: time };
}

/** A schedule that may be out of order because a fork was removed, with the genesis block of the world. */
function safeGenesis(world: World, change: object): Genesis {
  if (!('homesteadBlock' in change)) return genesisOf(world, change);
  const genesis = genesisOf(world);
  const forks = { ...genesis.config.forks, homestead: Number.POSITIVE_INFINITY };
  return { ...genesis, config: { ...genesis.config, forks } };
}
