import * as v from 'valibot';
import { ChainError } from '../../errors/chain-error.ts';
import {
  type BlobFork,
  type BlobParameters,
  type BlockFork,
  blobForks,
  blockForks,
  type ChainConfig,
  type ForkPoint,
  type TimeFork,
  timeForks,
} from '../../validation/chain-config.ts';
import {
  address,
  configInteger,
  configPoint,
  configUint32,
  configUint53,
  configUint64,
  data,
  exactUint64,
  hash,
  loose,
  pairs,
  safeUint64,
  slot,
  uint64,
  uint256,
} from './genesis-values.ts';
import { type Json, JsonNumber, JsonTextError, parseJsonText } from './json-text.ts';

/** The `config` of a genesis.json, its fields not yet checked against each other. */
export interface ConfigJson extends Readonly<Partial<Record<ForkField, ForkPoint | undefined>>> {
  readonly chainId: bigint;
  readonly daoForkSupport: boolean;
  readonly terminalTotalDifficulty?: bigint | undefined;
  readonly depositContractAddress: Uint8Array;
  readonly clique?: ChainConfig['clique'];
  readonly ethash?: object | undefined;
  readonly blobSchedule: Readonly<Partial<Record<BlobFork, BlobParameters | undefined>>>;
}

type ForkField = `${BlockFork}Block` | `${TimeFork}Time`;

/** An account of the genesis state. */
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
  readonly gasLimit: number | bigint;
  readonly difficulty: bigint;
  readonly mixHash: Uint8Array;
  readonly coinbase: Uint8Array;
  readonly alloc: GenesisAccounts;
  readonly gasUsed: number;
  readonly parentHash: Uint8Array;
  readonly baseFeePerGas?: bigint | undefined;
  readonly excessBlobGas?: number | undefined;
  readonly blobGasUsed?: number | undefined;
  readonly slotNumber?: number | bigint | undefined;
}

function named<N extends string, S extends v.GenericSchema>(names: readonly N[], schema: S) {
  return Object.fromEntries(names.map((name) => [name, v.optional(schema)])) as Record<
    N,
    v.OptionalSchema<S, undefined>
  >;
}

/** go-ethereum's epoch for a clique chain without one, or with 0. */
const cliqueEpoch = 30_000;

const clique = loose({
  period: v.optional(configUint53, '0'),
  epoch: v.pipe(
    v.optional(configUint53, '0'),
    v.transform((epoch) => epoch || cliqueEpoch),
  ),
});

const blobEntry = v.pipe(
  loose({
    target: v.optional(configUint32, '0'),
    max: v.optional(configUint32, '0'),
    baseFeeUpdateFraction: v.pipe(configUint64, v.minValue(1n, 'expected at least 1')),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.value.target <= dataset.value.max) return;
    const { value: input } = dataset;
    const path = { type: 'object', origin: 'value', input, key: 'target' } as const;
    const message = `expected no more than max, ${input.max}`;
    addIssue({ message, input: input.target, path: [{ ...path, value: input.target }] });
  }),
);

const config = loose({
  chainId: configInteger,
  ...named(
    blockForks.map((name): `${BlockFork}Block` => `${name}Block`),
    configPoint,
  ),
  ...named(
    timeForks.map((name): `${TimeFork}Time` => `${name}Time`),
    configPoint,
  ),
  daoForkSupport: v.optional(v.boolean('expected true or false'), false),
  terminalTotalDifficulty: v.optional(configInteger),
  depositContractAddress: v.optional(address, '00'.repeat(20)),
  clique: v.optional(clique),
  ethash: v.optional(loose({})),
  blobSchedule: v.optional(loose(named(blobForks, blobEntry)), new Map()),
  enableUBTAtGenesis: v.optional(v.literal(false, 'expected false: binary tries are unsupported')),
});

const account = loose({
  balance: uint256,
  nonce: v.optional(uint64, ''),
  code: v.optional(data, ''),
  storage: v.optional(pairs(slot, v.nullable(slot, '')), new Map()),
});

const genesis: v.GenericSchema<unknown, GenesisJson> = loose({
  config,
  nonce: v.optional(uint64, ''),
  timestamp: v.optional(safeUint64, ''),
  extraData: v.optional(data, ''),
  gasLimit: exactUint64,
  difficulty: uint256,
  mixHash: v.optional(hash, '00'.repeat(32)),
  coinbase: v.optional(address, '00'.repeat(20)),
  alloc: pairs(address, account),
  number: v.optional(v.pipe(uint64, v.value(0n, 'expected 0: a chain begins there')), ''),
  gasUsed: v.optional(safeUint64, ''),
  parentHash: v.optional(hash, '00'.repeat(32)),
  baseFeePerGas: v.optional(uint256),
  excessBlobGas: v.optional(safeUint64),
  blobGasUsed: v.optional(safeUint64),
  slotNumber: v.optional(exactUint64),
});

/**
 * Reads a genesis.json in go-ethereum's format.
 *
 * @throws ChainError `invalid-genesis`; the message names the field and its value.
 */
export function parseGenesisJson(text: string): GenesisJson {
  return parse(genesis, readJson(text), '');
}

/**
 * Reads the `config` of a genesis.json alone.
 *
 * @throws ChainError `invalid-genesis`
 */
export function parseConfigJson(text: string): ConfigJson {
  return parse(config, readJson(text), 'config');
}

function readJson(text: string): Json {
  try {
    return parseJsonText(text);
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    throw invalidGenesis('', `not JSON: ${cause.message}`, cause);
  }
}

function parse<T>(schema: v.GenericSchema<unknown, T>, json: Json, root: string): T {
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  const [{ path = [], input, message }] = result.issues;
  const field = [root, ...path.map(({ key }) => printable(String(key)))].filter(Boolean).join('.');
  throw invalidGenesis(field, `is ${shown(input)}: ${message}`);
}

/** A value in a message. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value instanceof Map) return 'an object';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `"${printable(value)}"`;
  return printable(value instanceof JsonNumber ? value.text : String(value));
}

/** A text of the file on one line. */
function printable(text: string): string {
  const clean = text.replaceAll(/[^\x20-\x7e]/g, '\ufffd');
  return clean.length > 80 ? `${clean.slice(0, 79)}…` : clean;
}

/** @param field with the error; empty for the whole file */
export function invalidGenesis(field: string, reason: string, cause?: unknown): ChainError {
  const text = field === '' ? reason : `${field} ${reason}`;
  const options = cause === undefined ? {} : { cause };
  return new ChainError('invalid-genesis', text, options);
}
