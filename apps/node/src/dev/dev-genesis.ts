import { toHex } from '@devp2p/bytes';
import { blockForks } from '../validation/chain-config.ts';
import type { DevAccount } from './dev-accounts.ts';
import { systemContracts } from './system-contract-code.ts';

/** @see devGenesis */
export interface DevGenesisOptions {
  readonly accounts: readonly Pick<DevAccount, 'address'>[];
  readonly chainId: number;
  /** Of each account, in wei. */
  readonly balance: bigint;
}

const gasLimit = 60_000_000;
/** In wei. */
const baseFee = 1_000_000_000;
/** The forks by time that are active from the start, with their blob parameters (EIP-7840, EIP-7892). */
const timeForks = {
  shanghai: undefined,
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  osaka: undefined,
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671 },
};

/**
 * The genesis.json of a development chain: proof of stake, all forks up to BPO2 from the start, and accounts with ether.
 * The same options have the same genesis block.
 */
export function devGenesis({ accounts, chainId, balance }: DevGenesisOptions): string {
  const forks = Object.entries(timeForks);
  const blobSchedule = Object.fromEntries(forks.filter(([, blobs]) => blobs !== undefined));
  const genesis = {
    config: {
      chainId,
      ...Object.fromEntries(blockForks.filter((fork) => fork !== 'daoFork').map((fork) => [`${fork}Block`, 0])),
      ...Object.fromEntries(forks.map(([fork]) => [`${fork}Time`, 0])),
      terminalTotalDifficulty: 0,
      depositContractAddress: `0x${'00'.repeat(20)}`,
      blobSchedule,
    },
    nonce: '0x0',
    timestamp: '0x0',
    extraData: '0x',
    gasLimit: hex(gasLimit),
    baseFeePerGas: hex(baseFee),
    difficulty: '0x0',
    mixHash: `0x${'00'.repeat(32)}`,
    coinbase: `0x${'00'.repeat(20)}`,
    alloc: Object.fromEntries([
      ...systemContracts.map(({ address, code }) => [
        `0x${address}`,
        { balance: '0x0', nonce: '0x1', code: `0x${code}` },
      ]),
      ...accounts.map(({ address }) => [`0x${toHex(address)}`, { balance: hex(balance) }]),
    ]),
  };
  return `${JSON.stringify(genesis, null, 2)}\n`;
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
