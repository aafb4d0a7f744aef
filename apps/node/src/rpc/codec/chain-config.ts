import { type ForkSchedule, forkId } from '@devp2p/eth';
import type { Genesis } from '../../config/genesis/genesis.ts';
import {
  blobParameters,
  type ChainConfig,
  forkSchedule,
  isScheduled,
  timeForks,
} from '../../validation/chain-config.ts';
import { toData, toQuantity } from './hex.ts';

type TimeForkName = (typeof timeForks)[number];

/** Names of precompiled contracts (EIP-7910), and the fork with which they came; without one, before Shanghai. */
const precompiles: readonly (readonly [name: string, address: number, fork?: TimeForkName])[] = [
  ['ECREC', 0x01],
  ['SHA256', 0x02],
  ['RIPEMD160', 0x03],
  ['ID', 0x04],
  ['MODEXP', 0x05],
  ['BN254_ADD', 0x06],
  ['BN254_MUL', 0x07],
  ['BN254_PAIRING', 0x08],
  ['BLAKE2F', 0x09],
  ['KZG_POINT_EVALUATION', 0x0a, 'cancun'],
  ['BLS12_G1ADD', 0x0b, 'prague'],
  ['BLS12_G1MSM', 0x0c, 'prague'],
  ['BLS12_G2ADD', 0x0d, 'prague'],
  ['BLS12_G2MSM', 0x0e, 'prague'],
  ['BLS12_PAIRING_CHECK', 0x0f, 'prague'],
  ['BLS12_MAP_FP_TO_G1', 0x10, 'prague'],
  ['BLS12_MAP_FP2_TO_G2', 0x11, 'prague'],
  ['P256VERIFY', 0x100, 'osaka'],
];

/** Names and addresses of system contracts (EIP-7910, EIP-8282). */
const systemContracts: readonly (readonly [name: string, address: string, fork: TimeForkName])[] = [
  ['BEACON_ROOTS_ADDRESS', '000f3df6d732807ef1319fb7b8bb8522d0beac02', 'cancun'],
  ['CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS', '0000bbddc7ce488642fb579f8b00f3a590007251', 'prague'],
  ['HISTORY_STORAGE_ADDRESS', '0000f90827f1c53a10cb7a02335b175320002935', 'prague'],
  ['WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS', '00000961ef480eb55e80d19ad83579a64c007002', 'prague'],
  ['BUILDER_DEPOSIT_CONTRACT_ADDRESS', '0000bff46984e3725691fa540a8c7589300d8282', 'amsterdam'],
  ['BUILDER_EXIT_CONTRACT_ADDRESS', '000064d678505ad48f8ccb093bc65613800e8282', 'amsterdam'],
];

/** The rules in force at a time, of the next fork, and of the last one that is scheduled (EIP-7910). */
export function chainConfigJson({ config, header }: Pick<Genesis, 'config' | 'header'>, time: number): object {
  const schedule = forkSchedule(config, header.timestamp);
  const times = timeForks
    .map((fork) => config.forks[fork])
    .filter(isScheduled)
    .map(Number);
  const current = times.findLast((point) => point <= time);
  const next = times.find((point) => point > time);
  const show = (point: number | undefined): object | null =>
    point === undefined ? null : forkJson(config, header, schedule, point);
  return { current: show(current), next: show(next), last: next === undefined ? null : show(times.at(-1)) };
}

function forkJson(config: ChainConfig, first: Genesis['header'], schedule: ForkSchedule, time: number): object {
  const isActive = (fork?: TimeForkName): boolean => fork === undefined || config.forks[fork] <= time;
  const blobs = blobParameters(config, time);
  const { hash } = forkId(first.hash, schedule, { number: Number.MAX_SAFE_INTEGER, time });
  return {
    activationTime: time <= first.timestamp ? 0 : time,
    blobSchedule: blobs
      ? { target: blobs.target, max: blobs.max, baseFeeUpdateFraction: Number(blobs.baseFeeUpdateFraction) }
      : null,
    chainId: toQuantity(config.chainId),
    forkId: `0x${hash.toString(16).padStart(8, '0')}`,
    precompiles: Object.fromEntries(
      precompiles
        .filter(([, , fork]) => isActive(fork))
        .map(([name, address]) => [name, `0x${address.toString(16).padStart(40, '0')}`]),
    ),
    systemContracts: Object.fromEntries([
      ...systemContracts.filter(([, , fork]) => isActive(fork)).map(([name, address]) => [name, `0x${address}`]),
      ...(isActive('prague') ? [['DEPOSIT_CONTRACT_ADDRESS', toData(config.depositContract)]] : []),
    ]),
  };
}
