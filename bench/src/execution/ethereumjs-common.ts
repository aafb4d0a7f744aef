import { Common, type GethGenesis, Hardfork, type HardforkTransitionConfig, Mainnet } from '@ethereumjs/common';

/** Forks by time in a genesis.json, in their order. */
const timedForks = ['shanghai', 'cancun', 'prague', 'osaka', 'bpo1', 'bpo2'] as const;

/**
 * The rules of a chain. The library's own reader of genesis.json refuses schedules with `bpo1`, so the list of forks is
 * made here; their parameters are those of the library.
 *
 * @returns `hasForks` is whether the rules change after the genesis
 */
export function commonOf(genesis: GethGenesis): { common: Common; hasForks: boolean } {
  const config = genesis.config as unknown as Readonly<Record<string, number | undefined>>;
  const times = timedForks.flatMap((name) => {
    const time = config[`${name}Time`];
    return time === undefined ? [] : [{ name, timestamp: time }];
  });
  const blockForks = Mainnet.hardforks
    .filter(({ name, block }) => block !== null && name !== Hardfork.Dao)
    .map(({ name }) => ({ name, block: 0 }));
  const hardforks: HardforkTransitionConfig[] = [
    ...blockForks,
    ...times.map(({ name, timestamp }) => ({ name, block: null, timestamp })),
  ];
  const hasForks = times.some(({ timestamp }) => timestamp > 0);
  const common = new Common({
    chain: {
      ...Mainnet,
      name: 'bench',
      chainId: Number(config['chainId']),
      depositContractAddress: '0x0000000000000000000000000000000000000000',
      hardforks,
    },
    hardfork: hasForks ? Hardfork.Paris : (times.at(-1)?.name ?? Hardfork.Paris),
    customCrypto: { kzg: unusedKzg },
  });
  return { common, hasForks };
}

const unused = (): never => {
  throw new Error('no block of these chains has blobs or evaluates a polynomial');
};

/** The library decodes transactions with blob hashes only if it has a KZG library, which it does not call for them. */
const unusedKzg = {
  blobToKzgCommitment: unused,
  computeBlobProof: unused,
  verifyProof: unused,
  verifyBlobProofBatch: unused,
  computeCells: unused,
  computeCellsAndProofs: unused,
  recoverCellsAndProofs: unused,
  verifyCellKzgProofBatch: unused,
};
