import { fromHex } from '@devp2p/enr';
import * as v from 'valibot';
import {
  type BlobFork,
  type BlobParameters,
  type BlockFork,
  blobForks,
  blockForks,
  type ChainConfig,
  type TimeFork,
  timeForks,
} from './chain-config.ts';
import { ChainError } from './error.ts';

/** The `config` of a genesis.json, its fields not yet checked against each other. */
export interface ConfigJson extends Readonly<Partial<Record<ForkField, number | undefined>>> {
  readonly chainId: bigint;
  readonly daoForkSupport: boolean;
  readonly terminalTotalDifficulty?: bigint | undefined;
  readonly depositContractAddress: Uint8Array;
  readonly clique?: ChainConfig['clique'];
  readonly ethash?: object | undefined;
  readonly blobSchedule: Readonly<Partial<Record<BlobFork, BlobParameters | undefined>>>;
}

type ForkField = `${BlockFork}Block` | `${TimeFork}Time`;

/** What an account holds before the first block. */
interface GenesisAccount {
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  /** Slots and their values, 32 bytes each. */
  readonly storage: readonly (readonly [slot: Uint8Array, value: Uint8Array])[];
}

/** The accounts of a genesis block by their addresses. */
export type GenesisAccounts = readonly (readonly [address: Uint8Array, account: GenesisAccount])[];

/** A genesis.json, its fields not yet checked against each other. */
export interface GenesisJson {
  readonly config: ConfigJson;
  readonly nonce: bigint;
  readonly timestamp: number;
  readonly extraData: Uint8Array;
  readonly gasLimit: number;
  readonly difficulty: bigint;
  readonly mixHash: Uint8Array;
  readonly coinbase: Uint8Array;
  readonly alloc: GenesisAccounts;
  readonly gasUsed: number;
  readonly parentHash: Uint8Array;
  readonly baseFeePerGas?: bigint | undefined;
  readonly excessBlobGas?: number | undefined;
  readonly blobGasUsed?: number | undefined;
  readonly slotNumber?: number | undefined;
}

/**
 * An object whose known keys may be written in any case, `null` being as good as absent: what
 * encoding/json of go-ethereum accepts. Unknown keys are left alone.
 */
function loose<const E extends v.ObjectEntries>(entries: E) {
  const names = new Map(Object.keys(entries).map((name) => [name.toLowerCase(), name]));
  return v.pipe(
    v.custom<Record<string, unknown>>(isRecord, 'expected an object'),
    v.transform((input) => {
      const output: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(input)) {
        const name = names.get(key.toLowerCase());
        if (name !== undefined && value !== null && (name === key || !Object.hasOwn(input, name))) {
          output[name] = value;
        }
      }
      return output;
    }),
    v.object(entries, 'expected an object'),
  );
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

const quantityText = 'expected a whole number, or one as text in decimal or 0x-hex';

/** A number of any size: `7`, `"7"` or `"0x7"`. */
function quantity(bits: number) {
  return v.pipe(
    v.custom<number | string>(
      (input) =>
        typeof input === 'number'
          ? Number.isSafeInteger(input) && input >= 0
          : typeof input === 'string' && /^(?:\d{1,100}|0[xX][0-9a-fA-F]{1,64})$/.test(input),
      quantityText,
    ),
    v.transform((input) => BigInt(input)),
    v.maxValue((1n << BigInt(bits)) - 1n, `expected at most ${bits} bits`),
  );
}

/** A number that stays below 2⁵³. */
const safe = v.pipe(
  quantity(64),
  v.maxValue(BigInt(Number.MAX_SAFE_INTEGER), 'expected less than 2^53'),
  v.transform(Number),
);

function hex(pattern: RegExp, message: string) {
  return v.pipe(
    v.string(message),
    v.regex(pattern, message),
    v.transform((text) => fromHex(text.replace(/^0[xX]/, ''))),
  );
}

const data = hex(/^0[xX](?:[0-9a-fA-F]{2})*$/, 'expected 0x and an even number of hex digits');
const hash = hex(/^(?:0[xX])?[0-9a-fA-F]{64}$/, 'expected 64 hex digits');
const address = hex(/^(?:0[xX])?[0-9a-fA-F]{40}$/, 'expected 40 hex digits');

/** A storage key or value, padded on the left to 32 bytes. */
const slot = v.pipe(
  hex(/^(?:0x)?(?:[0-9a-fA-F]{2}){0,32}$/, 'expected up to 32 bytes in hex'),
  v.transform((bytes) => {
    const padded = new Uint8Array(32);
    padded.set(bytes, 32 - bytes.length);
    return padded;
  }),
);

/** An object with keys of one form, as a list of pairs. */
function pairs<K extends v.GenericSchema<string, Uint8Array>, V extends v.GenericSchema>(
  key: K,
  value: V,
) {
  return v.pipe(
    v.custom<Record<string, unknown>>(isRecord, 'expected an object'),
    v.record(v.string(), value),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const output: [Uint8Array, v.InferOutput<V>][] = [];
      for (const [name, content] of Object.entries(dataset.value)) {
        const parsed = v.safeParse(key, name);
        if (!parsed.success) {
          const path = { type: 'object', origin: 'key', input: dataset.value, key: name } as const;
          addIssue({ message: parsed.issues[0].message, path: [{ ...path, value: content }] });
          return NEVER;
        }
        output.push([parsed.output, content as v.InferOutput<V>]);
      }
      return output;
    }),
  );
}

const positive = v.minValue<number, 1, string>(1, 'expected at least 1');

const blobEntry = loose({
  target: safe,
  max: v.pipe(safe, positive, v.maxValue(65_535, 'expected at most 65535')),
  baseFeeUpdateFraction: v.pipe(quantity(64), v.minValue(1n, 'expected at least 1')),
});

function named<N extends string, S extends v.GenericSchema>(names: readonly N[], schema: S) {
  return Object.fromEntries(names.map((name) => [name, v.optional(schema)])) as Record<
    N,
    v.OptionalSchema<S, undefined>
  >;
}

const config = loose({
  chainId: quantity(256),
  ...named(
    blockForks.map((name): `${BlockFork}Block` => `${name}Block`),
    safe,
  ),
  ...named(
    timeForks.map((name): `${TimeFork}Time` => `${name}Time`),
    safe,
  ),
  daoForkSupport: v.optional(v.boolean('expected true or false'), false),
  terminalTotalDifficulty: v.optional(quantity(256)),
  depositContractAddress: v.optional(address, '00'.repeat(20)),
  clique: v.optional(loose({ period: safe, epoch: v.pipe(safe, positive) })),
  ethash: v.optional(loose({})),
  blobSchedule: v.optional(loose(named(blobForks, blobEntry)), {}),
  ubtTime: v.optional(v.never('binary tries are not supported')),
  enableUBTAtGenesis: v.optional(v.literal(false, 'binary tries are not supported')),
});

const account = loose({
  balance: quantity(256),
  nonce: v.optional(quantity(64), 0),
  code: v.optional(data, '0x'),
  storage: v.optional(pairs(slot, slot), {}),
});

const genesis: v.GenericSchema<unknown, GenesisJson> = loose({
  config,
  nonce: v.optional(quantity(64), 0),
  timestamp: v.optional(safe, 0),
  extraData: v.optional(data, '0x'),
  gasLimit: safe,
  difficulty: quantity(256),
  mixHash: v.optional(hash, '00'.repeat(32)),
  coinbase: v.optional(address, '00'.repeat(20)),
  alloc: pairs(address, account),
  number: v.optional(v.pipe(safe, v.value(0, 'expected 0: a chain begins there')), 0),
  gasUsed: v.optional(safe, 0),
  parentHash: v.optional(hash, '00'.repeat(32)),
  baseFeePerGas: v.optional(quantity(256)),
  excessBlobGas: v.optional(safe),
  blobGasUsed: v.optional(safe),
  slotNumber: v.optional(safe),
});

/**
 * Reads a genesis.json in go-ethereum's format.
 *
 * @throws ChainError `invalid-genesis`; the message names the field.
 */
export function parseGenesisJson(text: string): GenesisJson {
  let json: unknown;
  try {
    JSON.parse(text);
    // JSON.parse would round what a number cannot hold, such as mainnet's terminal total difficulty.
    json = JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|\d{16,}(?![\d.eE])/g, quoteNumber));
  } catch (cause) {
    throw invalidGenesis('', `not JSON (${(cause as Error).message})`, cause);
  }
  const result = v.safeParse(genesis, json, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const missing = issue.received === 'undefined' ? 'missing; ' : '';
    throw invalidGenesis(v.getDotPath(issue) ?? '', missing + issue.message);
  }
  return result.output;
}

function quoteNumber(token: string): string {
  return token.startsWith('"') ? token : `"${token}"`;
}

export function invalidGenesis(field: string, reason: string, cause?: unknown): ChainError {
  const text = field === '' ? reason : `${field}: ${reason}`;
  return new ChainError(
    'invalid-genesis',
    `genesis: ${text}`,
    cause === undefined ? {} : { cause },
  );
}
