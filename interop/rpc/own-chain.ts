import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import {
  contractAddress,
  encodeBlock,
  signAuthorization,
  signTransaction,
  type UnsignedTransaction,
} from '@devp2p/eth';
import { createDevChain } from '../../apps/node/src/dev/dev-chain.ts';

const gwei = 10n ** 9n;
const chainId = 1337n;
const nothing = new Uint8Array();

/** A chain of ours with transactions of all types, as files that both programs import. */
export interface OwnChain {
  readonly genesis: string;
  readonly blocks: string;
  readonly head: number;
  /** A contract that writes slot 1 and logs. */
  readonly contract: string;
  readonly accounts: readonly string[];
}

/** Code that writes the first word of its calldata to slot 1, and logs it with a topic. */
const logger = '5f35806001555f5260aa60205fa100';
/** Code that always reverts. */
const reverter = '5f5ffd';

/** Makes the chain in a folder. */
export async function makeOwnChain(folder: string): Promise<OwnChain> {
  await using dev = await createDevChain();
  const [first, second, third] = dev.accounts;
  if (first === undefined || second === undefined || third === undefined) throw new Error('no accounts');
  const sign = (nonce: number, fields: object): Uint8Array =>
    signTransaction(
      {
        chainId,
        nonce: BigInt(nonce),
        gas: 200_000n,
        to: second.address,
        value: 0n,
        input: nothing,
        ...fields,
      } as UnsignedTransaction,
      first.privateKey,
      crypto,
    );
  const dynamic = { maxFeePerGas: 20n * gwei, maxPriorityFeePerGas: gwei };
  const contract = contractAddress(first.address, 0n, crypto);
  const failing = contractAddress(first.address, 1n, crypto);
  const blocks = [
    await dev.mine([
      sign(0, { ...dynamic, to: undefined, input: deploy(logger) }),
      sign(1, { ...dynamic, to: undefined, input: deploy(reverter) }),
    ]),
    await dev.mine([
      sign(2, { type: 0, gasPrice: 20n * gwei, value: 5n }),
      sign(3, {
        type: 1,
        gasPrice: 20n * gwei,
        accessList: [{ address: contract, storageKeys: [word(1)] }],
        to: contract,
        input: word(7),
      }),
      sign(4, { ...dynamic, to: contract, input: word(9) }),
      sign(5, { ...dynamic, to: failing }),
      sign(6, {
        type: 4,
        ...dynamic,
        authorizationList: [signAuthorization({ chainId, address: contract, nonce: 0n }, third.privateKey, crypto)],
      }),
    ]),
    await dev.mine([
      sign(7, { ...dynamic, to: third.address, input: word(11) }),
      sign(8, {
        type: 3,
        ...dynamic,
        maxFeePerBlobGas: 10n * gwei,
        blobVersionedHashes: [Uint8Array.of(1, ...new Uint8Array(31).fill(9))],
      }),
    ]),
    await dev.mine([]),
  ];
  for (let nonce = 9; nonce < 40; nonce++) {
    blocks.push(await dev.mine([sign(nonce, { ...dynamic, to: contract, input: word(nonce) })]));
  }
  const [genesis, chain] = [join(folder, 'genesis.json'), join(folder, 'chain.rlp')];
  writeFileSync(genesis, dev.genesis);
  writeFileSync(chain, Buffer.concat(blocks.map(({ header, body }) => encodeBlock(header.raw, body.raw))));
  const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;
  return {
    genesis,
    blocks: chain,
    head: blocks.length,
    contract: hex(contract),
    accounts: [first.address, third.address, contract, failing].map(hex),
  };
}

function word(value: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

/** Init code that deploys a runtime code of less than 256 bytes. */
function deploy(runtime: string): Uint8Array {
  const length = (runtime.length / 2).toString(16).padStart(2, '0');
  return new Uint8Array(Buffer.from(`60${length}80600b5f395ff3`.padEnd(22, '0') + runtime, 'hex'));
}
