// Creates demo/chain: a genesis, a chain with transactions of every type, and its receipts. The output is deterministic.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { blockForks } from '@devp2p/eth';
import { type Block, createBlock } from '@ethereumjs/block';
import { createCommonFromGethGenesis, type GethGenesis } from '@ethereumjs/common';
import { RLP } from '@ethereumjs/rlp';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createTx, type TypedTransaction } from '@ethereumjs/tx';
import {
  bytesToHex,
  createAccount,
  createAddressFromPrivateKey,
  createAddressFromString,
  eoaCode7702SignAuthorization,
  hexToBytes,
  type KZG,
  type PrefixedHexString,
} from '@ethereumjs/util';
import { buildBlock, createVM, type PostByzantiumTxReceipt } from '@ethereumjs/vm';

const blockCount = 1024;
const secondsPerBlock = 12;
const cancunAt = 256;
const pragueAt = 512;
const firstTime = 1_767_225_600; // 2026-01-01

const folder = fileURLToPath(new URL('../chain', import.meta.url));
const hex = (value: bigint | number): PrefixedHexString => `0x${value.toString(16)}`;
const key = (n: number): Uint8Array => new Uint8Array(32).fill(n);

const senders = [1, 2, 3, 4, 5].map((n) => ({
  privateKey: key(n),
  address: createAddressFromPrivateKey(key(n)),
  nonce: 0n,
}));
const authority = { privateKey: key(6), address: createAddressFromPrivateKey(key(6)), nonce: 0n };

// Copies its input into a log under the topic "demo".
const logger = '0x00000000000000000000000000000000000de300';
const loggerCode: PrefixedHexString = '0x3660006000376364656d6f366000a100';
// The system contracts, with the code from their EIPs.
const systemContracts: Record<string, { name: string; code: PrefixedHexString }> = {
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02': {
    name: 'EIP-4788',
    code: '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500',
  },
  '0x0000f90827f1c53a10cb7a02335b175320002935': {
    name: 'EIP-2935',
    code: '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
  },
  '0x00000961ef480eb55e80d19ad83579a64c007002': {
    name: 'EIP-7002',
    code: '0x3373fffffffffffffffffffffffffffffffffffffffe1460cb5760115f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff146101f457600182026001905f5b5f82111560685781019083028483029004916001019190604d565b909390049250505036603814608857366101f457346101f4575f5260205ff35b34106101f457600154600101600155600354806003026004013381556001015f35815560010160203590553360601b5f5260385f601437604c5fa0600101600355005b6003546002548082038060101160df575060105b5f5b8181146101835782810160030260040181604c02815460601b8152601401816001015481526020019060020154807fffffffffffffffffffffffffffffffff00000000000000000000000000000000168252906010019060401c908160381c81600701538160301c81600601538160281c81600501538160201c81600401538160181c81600301538160101c81600201538160081c81600101535360010160e1565b910180921461019557906002556101a0565b90505f6002555f6003555b5f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff14156101cd57505f5b6001546002828201116101e25750505f6101e8565b01600290035b5f555f600155604c025ff35b5f5ffd',
  },
  '0x0000bbddc7ce488642fb579f8b00f3a590007251': {
    name: 'EIP-7251',
    code: '0x3373fffffffffffffffffffffffffffffffffffffffe1460d35760115f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1461019a57600182026001905f5b5f82111560685781019083028483029004916001019190604d565b9093900492505050366060146088573661019a573461019a575f5260205ff35b341061019a57600154600101600155600354806004026004013381556001015f358155600101602035815560010160403590553360601b5f5260605f60143760745fa0600101600355005b6003546002548082038060021160e7575060025b5f5b8181146101295782810160040260040181607402815460601b815260140181600101548152602001816002015481526020019060030154905260010160e9565b910180921461013b5790600255610146565b90505f6002555f6003555b5f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff141561017357505f5b6001546001828201116101885750505f61018e565b01600190035b5f555f6001556074025ff35b5f5ffd',
  },
};

const genesis = {
  config: {
    chainId: 7331,
    ...Object.fromEntries(blockForks.filter((fork) => fork !== 'daoFork').map((fork) => [`${fork}Block`, 0])),
    terminalTotalDifficulty: 0,
    terminalTotalDifficultyPassed: true,
    shanghaiTime: firstTime,
    cancunTime: firstTime + cancunAt * secondsPerBlock,
    pragueTime: firstTime + pragueAt * secondsPerBlock,
    depositContractAddress: '0x00000000219ab540356cbb839cbe05303d7705fa',
    blobSchedule: {
      cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
      prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
    },
  },
  nonce: '0x0',
  timestamp: hex(firstTime),
  extraData: bytesToHex(new TextEncoder().encode('devp2p demo chain')),
  gasLimit: hex(30_000_000),
  difficulty: '0x0',
  mixHash: bytesToHex(new Uint8Array(32)),
  coinbase: '0x0000000000000000000000000000000000000000',
  baseFeePerGas: hex(1_000_000_000),
  alloc: {
    ...Object.fromEntries(
      [...senders, authority].map(({ address }) => [address.toString(), { balance: hex(10n ** 24n) }]),
    ),
    [logger]: { balance: '0x0', code: loggerCode },
    ...Object.fromEntries(
      Object.entries(systemContracts).map(([address, { code }]) => [address, { balance: '0x0', nonce: '0x1', code }]),
    ),
  },
};

// Blocks have hashes of blobs only, so no commitment or proof is computed.
const unused = (): never => {
  throw new Error('KZG is not available: the chain has no blob sidecars');
};
const kzg: KZG = {
  computeBlobProof: unused,
  computeCells: unused,
  computeCellsAndProofs: unused,
  recoverCellsAndProofs: unused,
  verifyProof: unused,
  verifyBlobProofBatch: unused,
  verifyCellKzgProofBatch: unused,
  blobToKzgCommitment: unused,
};
const common = createCommonFromGethGenesis(genesis as GethGenesis, {
  chain: 'demo',
  customCrypto: { kzg },
});
common.setHardforkBy({ blockNumber: 0n, timestamp: BigInt(firstTime) });
const stateManager = new MerkleStateManager({ common });
for (const [address, account] of Object.entries(genesis.alloc)) {
  const at = createAddressFromString(address);
  const {
    balance,
    nonce = '0x0',
    code,
  } = account as {
    balance: string;
    nonce?: string;
    code?: PrefixedHexString;
  };
  await stateManager.putAccount(at, createAccount({ balance: BigInt(balance), nonce: BigInt(nonce) }));
  if (code !== undefined) await stateManager.putCode(at, hexToBytes(code));
}
const vm = await createVM({ common, stateManager, setHardfork: true });
const genesisBlock = createBlock(
  {
    header: {
      timestamp: firstTime,
      extraData: genesis.extraData as PrefixedHexString,
      gasLimit: 30_000_000,
      baseFeePerGas: 1_000_000_000,
      stateRoot: await stateManager.getStateRoot(),
    },
    withdrawals: [],
  },
  { common, setHardfork: true },
);

/** Creates the signed transactions of a block: 0 to 2, or 12 in each 16th block, of all types that its fork has. */
function transactionsOf(number: number, baseFee: bigint): TypedTransaction[] {
  const transactions: TypedTransaction[] = [];
  const count = number % 16 === 0 ? 12 : number % 3;
  for (let i = 0; i < count; i++) {
    const sender = senders[(number + i) % senders.length];
    if (sender === undefined) throw new Error('no sender');
    const fees = { maxFeePerGas: baseFee * 2n + 1_000n, maxPriorityFeePerGas: 1_000n };
    const data = hex((BigInt(number) << 64n) | (BigInt(i) << 32n) | 0xde30n) as PrefixedHexString;
    const log = {
      nonce: sender.nonce++,
      gasLimit: 100_000n,
      to: logger as PrefixedHexString,
      data: (data.length % 2 === 0 ? data : `0x0${data.slice(2)}`) as PrefixedHexString,
    };
    const types = [
      () => createTx({ ...log, type: 0, gasPrice: baseFee * 2n }, { common }),
      () =>
        createTx(
          {
            ...log,
            type: 1,
            gasPrice: baseFee * 2n,
            accessList: [{ address: logger, storageKeys: [bytesToHex(new Uint8Array(32))] }],
          },
          { common },
        ),
      () => createTx({ ...log, ...fees, type: 2, value: 1n }, { common }),
      () =>
        createTx(
          {
            ...log,
            ...fees,
            type: 3,
            maxFeePerBlobGas: 1_000_000_000n,
            blobVersionedHashes: [bytesToHex(new Uint8Array(32).fill(i + 1).fill(1, 0, 1))],
          },
          { common },
        ),
      () =>
        createTx(
          {
            ...log,
            ...fees,
            type: 4,
            value: 0n,
            authorizationList: [
              eoaCode7702SignAuthorization(
                {
                  chainId: hex(genesis.config.chainId),
                  address: logger,
                  nonce: hex(authority.nonce++),
                },
                authority.privateKey,
              ),
            ],
          },
          { common },
        ),
    ];
    const known = number < cancunAt ? 3 : number < pragueAt ? 4 : 5;
    const type = types[(number + i) % known];
    if (type === undefined) throw new Error('unknown type');
    transactions.push(type().sign(sender.privateKey));
  }
  return transactions;
}

const blocks: Uint8Array[] = [];
const receipts: Uint8Array[] = [];
let parent: Block = genesisBlock;
for (let number = 1; number <= blockCount; number++) {
  const timestamp = firstTime + number * secondsPerBlock;
  common.setHardforkBy({ blockNumber: BigInt(number), timestamp: BigInt(timestamp) });
  const builder = await buildBlock(vm, {
    parentBlock: parent,
    headerData: {
      number,
      timestamp,
      coinbase: createAddressFromString('0x00000000000000000000000000000000000c0b5e'),
      gasLimit: 30_000_000,
      mixHash: new Uint8Array(32).fill(number & 0xff),
      baseFeePerGas: parent.header.calcNextBaseFee(),
      ...(number >= cancunAt
        ? {
            parentBeaconBlockRoot: new Uint8Array(32).fill((number >> 2) & 0xff),
            excessBlobGas: number === cancunAt ? 0n : parent.header.calcNextExcessBlobGas(common),
          }
        : {}),
    },
    withdrawals:
      number % 5 === 0
        ? [
            {
              index: BigInt(number),
              validatorIndex: 7n,
              address: createAddressFromString('0x00000000000000000000000000000000000c0b5e'),
              amount: BigInt(number),
            },
          ]
        : [],
    blockOpts: { common, setHardfork: true, putBlockIntoBlockchain: false },
  });
  for (const tx of transactionsOf(number, parent.header.calcNextBaseFee())) {
    await builder.addTransaction(tx, { allowNoBlobs: true });
  }
  const { block } = await builder.build();
  blocks.push(block.serialize());
  receipts.push(
    RLP.encode([
      block.hash(),
      builder.transactionReceipts.map((receipt, i) => [
        block.transactions[i]?.type ?? 0,
        (receipt as PostByzantiumTxReceipt).status,
        receipt.cumulativeBlockGasUsed,
        receipt.logs,
      ]),
    ]),
  );
  parent = block;
}

mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/genesis.json`, `${JSON.stringify(genesis, null, 2)}\n`);
writeFileSync(`${folder}/chain.rlp.gz`, gzipSync(Buffer.concat(blocks), { level: 9 }));
writeFileSync(`${folder}/receipts.rlp.gz`, gzipSync(Buffer.concat(receipts), { level: 9 }));
console.log(`genesis ${bytesToHex(genesisBlock.hash())}`);
console.log(`head    ${bytesToHex(parent.hash())} (${blockCount})`);
