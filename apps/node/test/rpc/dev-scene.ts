import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { signTransaction, type UnsignedTransaction } from '@devp2p/eth';
import { randomBytes } from '@devp2p/random';
import { createDevChain, type DevChain, type DevChainOptions } from '../../src/dev/dev-chain.ts';
import { type Backend, headTags } from '../../src/rpc/backend.ts';
import { ethNamespace } from '../../src/rpc/namespaces/eth.ts';

const chainId = 1337n;
export const gwei = 10n ** 9n;
export const ether = 10n ** 18n;

/** A development chain with the `eth` methods over it. */
export interface DevScene {
  readonly dev: DevChain;
  call(method: string, ...params: unknown[]): Promise<unknown>;
  /** Calls the listener with what a subscription sends. @returns a function that ends it */
  subscribe(name: string, params: readonly unknown[], listener: (result: unknown) => void): () => void;
  /** The address of an account, as `DATA`. */
  account(index: number): string;
  /** A signed transaction of an account, by default a transfer of 1 wei to the next one. */
  sign(from: number, nonce: number, fields?: Partial<UnsignedTransaction>): Uint8Array;
}

export async function openDevScene(
  options: DevChainOptions = {},
  parts: (dev: DevChain) => Partial<Backend> = () => ({}),
): Promise<DevScene> {
  const dev = await createDevChain(options);
  const { chain } = dev;
  const eth = ethNamespace({
    chain,
    tags: headTags(chain),
    syncState: async () => undefined,
    crypto,
    clock: systemClock,
    random: randomBytes,
    ...parts(dev),
  });
  const accountOf = (index: number) => {
    const account = dev.accounts[index % dev.accounts.length];
    if (account === undefined) throw new Error('no account');
    return account;
  };
  return {
    dev,
    async call(method, ...params) {
      const run = eth.methods[method];
      if (run === undefined) throw new Error(`there is no ${method}`);
      return run(params);
    },
    subscribe(name, params, listener) {
      const begin = eth.subscriptions?.[name];
      if (begin === undefined) throw new Error(`there is no subscription ${name}`);
      return begin(params)(listener);
    },
    account: (index) => hex(accountOf(index).address),
    sign: (from, nonce, fields = {}) =>
      signTransaction(
        {
          chainId,
          nonce: BigInt(nonce),
          gas: 21_000n,
          to: accountOf(from + 1).address,
          value: 1n,
          maxFeePerGas: 10n * gwei,
          maxPriorityFeePerGas: gwei,
          ...fields,
        } as UnsignedTransaction,
        accountOf(from).privateKey,
        crypto,
      ),
  };
}

export function hex(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}

/** Init code that deploys a runtime code of less than 256 bytes. */
export function initCode(runtime: string): Uint8Array {
  const code = Buffer.from(runtime, 'hex');
  // CODECOPY of the code after these 11 bytes, and RETURN.
  const start = `60${byte(code.length)}80600b5f395ff3`.padEnd(22, '0');
  return new Uint8Array(Buffer.from(start + runtime, 'hex'));
}

function byte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

/** Runtime code that writes the second word of its calldata to the slot that the first one names. */
export const setter = '60203560003555';
/** Runtime code that returns its calldata. */
export const echo = '365f5f37365ff3';
/** Runtime code that reverts with its calldata. */
export const reverter = '365f5f37365ffd';
/** Runtime code that loops until its gas is used. */
export const looper = '5b5f56';
