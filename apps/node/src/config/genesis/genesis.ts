import type { Crypto } from '@devp2p/crypto';
import { bodyCodec, type Header, RawList, type SealedHeader, StackTrie, sealHeader } from '@devp2p/eth';
import { bigint, bytes, encode, struct } from '@devp2p/rlp';
import { ChainError } from '../../errors/chain-error.ts';
import {
  type BlobFork,
  blobForks,
  blockForks,
  type ChainConfig,
  type Forks,
  isScheduled,
  timeForks,
} from '../../validation/chain-config.ts';
import { emptyListHash, emptyRequestsHash, emptyTrieRoot } from '../../validation/empty-roots.ts';
import { initialBaseFee } from '../../validation/fees.ts';
import {
  type ConfigJson,
  type GenesisAccounts,
  type GenesisJson,
  invalidGenesis,
  parseGenesisJson,
} from './genesis-json.ts';

/** The first block of a chain, and its rules. */
export interface Genesis {
  /** Its source, for messages, such as `genesis /etc/genesis.json`. */
  readonly source: string;
  readonly config: ChainConfig;
  readonly header: SealedHeader;
  /** The block's body as RLP: without transactions. */
  readonly body: Uint8Array;
  /** The accounts of the genesis state; absent where only the state root is known. */
  readonly accounts?: GenesisAccounts;
}

/** go-ethereum's replacement for a gas limit of 0. */
const defaultGasLimit = 4_712_388;
/** Bytes of extra data before and after the signers of a clique chain (EIP-225). */
const minCliqueExtraData = 32 + 65;

/**
 * Reads a genesis.json in go-ethereum's format and computes the same genesis block as go-ethereum.
 *
 * @throws ChainError `invalid-genesis`; the message begins with `source` and names the field.
 */
export function parseGenesis(text: string, crypto: Crypto, source = 'genesis'): Genesis {
  try {
    const json = parseGenesisJson(text);
    const stateRoot = genesisStateRoot(json.alloc, crypto);
    return { ...genesisOf(json, stateRoot, crypto), source, accounts: json.alloc };
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    throw new ChainError(error.code, `${source}: ${error.message}`, { cause: error });
  }
}

/**
 * Creates the genesis block of a genesis.json with a known state root instead of the accounts.
 *
 * @throws ChainError `invalid-genesis`
 */
export function genesisOf(json: GenesisJson, stateRoot: Uint8Array, crypto: Crypto): Omit<Genesis, 'source'> {
  const config = chainConfig(json.config);
  const { length } = json.extraData;
  if (config.clique !== undefined && length < minCliqueExtraData) {
    const expected = `expected at least ${minCliqueExtraData} with "clique", where signers are listed`;
    throw invalidGenesis('extraData', `has ${length} bytes: ${expected}`);
  }
  const header = sealHeader(genesisHeader(json, config, stateRoot), crypto);
  return { config, header, body: genesisBody(header) };
}

/** The body of a genesis header. */
function genesisBody(header: Header): Uint8Array {
  const none = RawList.of([]);
  const withdrawals = header.withdrawalsRoot === undefined ? {} : { withdrawals: none };
  return encode(bodyCodec, { transactions: none, uncles: none, ...withdrawals });
}

function genesisHeader(json: GenesisJson, config: ChainConfig, stateRoot: Uint8Array): Header {
  const { forks } = config;
  const time = json.timestamp;
  const nonce = new Uint8Array(8);
  new DataView(nonce.buffer).setBigUint64(0, json.nonce);
  const header: Header = {
    parentHash: json.parentHash,
    unclesHash: emptyListHash,
    beneficiary: json.coinbase,
    stateRoot,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: new Uint8Array(256),
    difficulty: json.difficulty,
    number: 0,
    gasLimit: json.gasLimit === 0 ? defaultGasLimit : json.gasLimit,
    gasUsed: json.gasUsed,
    timestamp: time,
    extraData: json.extraData,
    mixHash: json.mixHash,
    nonce,
  };
  const london = forks.london === 0;
  for (const [fork, before] of headerForks) {
    if (london && time >= forks[fork] && !isScheduled(forks[before])) {
      // go-ethereum encodes a header with a missing field, which it cannot decode.
      const reason = `is missing, but ${fork}Time is at genesis, whose header fields follow its own: set it`;
      throw invalidGenesis(`config.${before}Time`, reason);
    }
  }
  if (london || json.baseFeePerGas !== undefined) {
    header.baseFeePerGas = json.baseFeePerGas ?? initialBaseFee;
  }
  if (london && time >= forks.shanghai) header.withdrawalsRoot = emptyTrieRoot;
  if (london && time >= forks.cancun) {
    header.blobGasUsed = json.blobGasUsed ?? 0;
    header.excessBlobGas = json.excessBlobGas ?? 0;
    header.parentBeaconBlockRoot = new Uint8Array(32);
  } else if (json.excessBlobGas !== undefined) {
    // The same missing field.
    throw invalidGenesis('excessBlobGas', 'is set, but config.cancunTime comes later: remove it');
  }
  if (london && time >= forks.prague) header.requestsHash = emptyRequestsHash;
  if (london && time >= forks.amsterdam) {
    header.blockAccessListHash = emptyListHash;
    header.slotNumber = json.slotNumber ?? 0;
  }
  return header;
}

/** Forks that may be absent although a later one is set. */
const optionalForks: ReadonlySet<string> = new Set([
  'daoFork',
  'muirGlacier',
  'arrowGlacier',
  'grayGlacier',
  'mergeNetsplit',
  ...timeForks.filter((name) => name !== 'shanghai'),
]);

/** Forks that append fields to the header, each with the previous one. */
const headerForks = [
  ['prague', 'cancun'],
  ['amsterdam', 'prague'],
] as const;

/**
 * Checks the consistency of a `config`, as go-ethereum does.
 *
 * @throws ChainError `invalid-genesis`
 */
export function chainConfig(json: ConfigJson): ChainConfig {
  const schedule = [
    ...blockForks.map((name) => ({ name, kind: 'Block', point: json[`${name}Block`] })),
    ...timeForks.map((name) => ({ name, kind: 'Time', point: json[`${name}Time`] })),
  ];
  let last = schedule[0];
  for (const fork of schedule.slice(1)) {
    if (fork.point === undefined && optionalForks.has(fork.name)) continue;
    if (fork.point !== undefined && last !== undefined) {
      const field = `config.${fork.name}${fork.kind}`;
      const before = `${last.name}${last.kind}`;
      if (last.point === undefined) {
        throw invalidGenesis(field, `is set, but ${before} is not: set that too, or neither`);
      }
      if (last.kind === fork.kind && last.point > fork.point) {
        throw invalidGenesis(
          field,
          `is ${fork.point}: expected no less than ${before}, ${last.point}, which comes before it`,
        );
      }
    }
    last = fork;
  }
  const forks = Object.fromEntries(
    schedule.map(({ name, point }) => [name, point ?? Number.POSITIVE_INFINITY]),
  ) as Forks;
  return {
    chainId: json.chainId,
    forks,
    daoForkSupport: json.daoForkSupport,
    terminalTotalDifficulty: json.terminalTotalDifficulty,
    depositContract: json.depositContractAddress,
    clique: json.clique,
    ethash: json.ethash !== undefined,
    blobSchedule: blobSchedule(json, forks),
  };
}

function blobSchedule(json: ConfigJson, forks: Forks): ChainConfig['blobSchedule'] {
  return blobForks
    .filter((name) => isScheduled(forks[name]))
    .map((name: BlobFork) => {
      const entry = json.blobSchedule[name];
      if (entry === undefined) {
        const field = `config.blobSchedule.${name}`;
        throw invalidGenesis(field, `is missing, but ${name}Time is set: give its blob parameters`);
      }
      return { from: forks[name], ...entry };
    })
    .reverse();
}

const accountCodec = struct({
  nonce: bigint(64),
  balance: bigint(256),
  storageRoot: bytes(32),
  codeHash: bytes(32),
});

/** The root of the state trie that holds these accounts (Yellow Paper, 4.1). */
function genesisStateRoot(accounts: GenesisAccounts, crypto: Crypto): Uint8Array {
  return secureRoot(
    accounts.map(([address, { nonce, balance, code, storage }]) => {
      const filled = storage.filter(([, value]) => value.some((byte) => byte !== 0));
      const storageRoot = secureRoot(
        filled.map(([slot, value]) => [slot, encode(bytes(), withoutLeadingZeros(value))]),
        crypto,
      );
      const codeHash = crypto.keccak256(code);
      return [address, encode(accountCodec, { nonce, balance, storageRoot, codeHash })];
    }),
    crypto,
  );
}

/** The root of a trie whose keys are the hashes of the given ones; the last of equal keys counts. */
function secureRoot(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[], crypto: Crypto): Uint8Array {
  const trie = new StackTrie(crypto);
  const hashed = entries.map(([key, value]) => ({ key: crypto.keccak256(key), value }));
  hashed.sort((a, b) => Buffer.compare(a.key, b.key));
  hashed.forEach(({ key, value }, i) => {
    const next = hashed[i + 1];
    if (next === undefined || Buffer.compare(key, next.key) !== 0) trie.insert(key, value);
  });
  return trie.root();
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}
