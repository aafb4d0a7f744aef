import { createHash } from 'node:crypto';
import type { Crypto } from '@devp2p/crypto';
import { Common, type ParamsDict } from '@ethereumjs/common';
import { paramsEVM } from '@ethereumjs/evm';
import { type BlobParameters, blobParameters, type ChainConfig } from '../../../validation/chain-config.ts';
import { type ForkFields, type ForkName, forkNames, forkOf, isAtLeast } from '../fork.ts';

/** Gas of a blob (EIP-4844, GAS_PER_BLOB). */
const blobGas = 2 ** 17;

/** Options of {@link createCommon}. */
export interface CommonOptions {
  readonly fork: ForkName;
  readonly chainId: bigint;
  readonly crypto: Crypto;
  /** From Cancun on. */
  readonly blobs?: BlobParameters | undefined;
}

/** Creates the parameters of a fork for `@ethereumjs/evm`. They cannot be changed. */
export function createCommon(options: CommonOptions): Common {
  return new ForkCommon(options);
}

/** The parameters for the blocks of a chain, one object for each fork. */
export interface Commons {
  of(block: ForkFields): Common;
}

/**
 * Creates the parameters for the blocks of a chain.
 *
 * The library's reader of a genesis.json ignores Amsterdam and refuses a blob schedule with a fork that it does not know.
 * So the forks are given to it as a list.
 */
export function createCommons(config: ChainConfig, crypto: Crypto): Commons {
  const commons = new Map<string, Common>();
  return {
    of(block) {
      const fork = forkOf(config, block);
      const blobs = isAtLeast(fork, 'cancun') ? blobParameters(config, block.timestamp) : undefined;
      const key = `${fork} ${blobs?.target} ${blobs?.max} ${blobs?.baseFeeUpdateFraction}`;
      let common = commons.get(key);
      if (common === undefined) {
        common = createCommon({ fork, chainId: config.chainId, crypto, blobs });
        commons.set(key, common);
      }
      return common;
    },
  };
}

/**
 * The parameters of one fork, which do not change. Look-ups are in maps: the EVM makes several for every call, and the
 * library searches in lists. The constructor of the library calls these methods before there are maps.
 */
class ForkCommon extends Common {
  readonly #eips: ReadonlySet<number>;
  readonly #params = new Map<string, bigint>();
  readonly #blobs: BlobParameters | undefined;

  constructor({ fork, chainId, crypto, blobs }: CommonOptions) {
    const isMerged = isAtLeast(fork, 'paris');
    const consensus = isMerged ? { type: 'pos', algorithm: 'casper' } : { type: 'pow', algorithm: 'ethash' };
    super({
      chain: {
        name: 'chain',
        chainId: chainId.toString(),
        genesis: { gasLimit: 0, difficulty: 0, nonce: '0x', extraData: '0x' },
        hardforks: forkNames.slice(0, forkNames.indexOf(fork) + 1).map((name) => ({ name, block: 0 })),
        customHardforks: { bpo3: { eips: [] }, bpo4: { eips: [] }, bpo5: { eips: [] } },
        bootstrapNodes: [],
        consensus,
      },
      hardfork: fork,
      params: paramsEVM,
      customCrypto: {
        keccak256: (data) => crypto.keccak256(data),
        sha256: (data) => new Uint8Array(createHash('sha256').update(data).digest()),
        ecrecover: (hash, v, r, s) => {
          const signature = new Uint8Array(65);
          signature.set(r);
          signature.set(s, 32);
          signature[64] = Number(v) - 27;
          return crypto.secp256k1.recover(signature, hash);
        },
      },
    });
    this.#blobs = blobs;
    this.#eips = new Set(this._activatedEIPsCache);
  }

  override updateParams(params: ParamsDict): void {
    // Every EVM adds its parameters again, which took a quarter of the time of a block of transfers.
    if (!(#eips in this)) super.updateParams(params);
  }

  override setHardfork(fork: string): void {
    if (#eips in this) throw new Error(`parameters of ${this.hardfork()} cannot become those of ${fork}`);
    super.setHardfork(fork);
  }

  override isActivatedEIP(eip: number): boolean {
    return #eips in this ? this.#eips.has(eip) : super.isActivatedEIP(eip);
  }

  override gteHardfork(fork: string): boolean {
    return forkNames.indexOf(fork as ForkName) <= forkNames.indexOf(this.hardfork() as ForkName);
  }

  override param(name: string): bigint {
    if (!(#params in this)) return super.param(name);
    let value = this.#params.get(name);
    if (value === undefined) {
      value = super.param(name);
      this.#params.set(name, value);
    }
    return value;
  }

  override getBlobGasSchedule(): ReturnType<Common['getBlobGasSchedule']> {
    if (this.#blobs === undefined) throw new Error(`no blobs in ${this.hardfork()}`);
    const { target, max, baseFeeUpdateFraction } = this.#blobs;
    return {
      targetBlobGasPerBlock: BigInt(target * blobGas),
      maxBlobGasPerBlock: BigInt(max * blobGas),
      blobGasPriceUpdateFraction: baseFeeUpdateFraction,
    };
  }
}
