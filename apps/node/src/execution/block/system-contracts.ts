import { fromHex } from '@devp2p/bytes';
import { newSlotStateGas } from '../evm/rules/gas.ts';
import { builderDepositRequest, builderExitRequest, consolidationRequest, withdrawalRequest } from './requests.ts';

/** The caller of system contracts (EIP-4788). */
export const systemAddress: Uint8Array = fromHex('fffffffffffffffffffffffffffffffffffffffe');
/** EIP-4788. */
export const beaconRootsAddress: Uint8Array = fromHex('000f3df6d732807ef1319fb7b8bb8522d0beac02');
/** EIP-2935. */
export const historyAddress: Uint8Array = fromHex('0000f90827f1c53a10cb7a02335b175320002935');

/** Gas of a call of the protocol (EIP-4788). */
export const systemCallGas = 30_000_000;
/** State gas of such a call from Amsterdam on: that of 16 new slots (EIP-8037's SYSTEM_MAX_SSTORES_PER_CALL). */
export const systemCallStateGas: number = 16 * newSlotStateGas;

/** A contract that returns the requests of a block. */
export interface RequestContract {
  /** Type of the requests (EIP-7685). */
  readonly type: number;
  readonly address: Uint8Array;
  readonly name: string;
}

/** Contracts with requests since Prague, in the order of their calls. */
export const pragueRequestContracts: readonly RequestContract[] = [
  // EIP-7002
  {
    type: withdrawalRequest,
    address: fromHex('00000961ef480eb55e80d19ad83579a64c007002'),
    name: 'withdrawal requests',
  },
  // EIP-7251
  {
    type: consolidationRequest,
    address: fromHex('0000bbddc7ce488642fb579f8b00f3a590007251'),
    name: 'consolidation requests',
  },
];

/** Contracts with requests since Amsterdam (EIP-8282), called after those of Prague. */
export const amsterdamRequestContracts: readonly RequestContract[] = [
  {
    type: builderDepositRequest,
    address: fromHex('0000bff46984e3725691fa540a8c7589300d8282'),
    name: 'builder deposits',
  },
  {
    type: builderExitRequest,
    address: fromHex('000064d678505ad48f8ccb093bc65613800e8282'),
    name: 'builder exits',
  },
];
