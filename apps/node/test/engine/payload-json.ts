import { toHex } from '@devp2p/bytes';
import { withdrawalCodec } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import type { NewBlock } from '../../src/chain/interfaces.ts';

const data = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;
const quantity = (value: number | bigint): string => `0x${value.toString(16)}`;

/** A block in the form of the consensus layer's request. */
export function payloadJson({ header, body }: Pick<NewBlock, 'header' | 'body'>) {
  return {
    parentHash: data(header.parentHash),
    feeRecipient: data(header.beneficiary),
    stateRoot: data(header.stateRoot),
    receiptsRoot: data(header.receiptsRoot),
    logsBloom: data(header.logsBloom),
    prevRandao: data(header.mixHash),
    blockNumber: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: data(header.extraData),
    baseFeePerGas: quantity(header.baseFeePerGas ?? 0n),
    blockHash: data(header.hash),
    transactions: [...body.transactions].map(data),
    ...(body.withdrawals && {
      withdrawals: [...body.withdrawals].map((raw) => {
        const { index, validatorIndex, address, amount } = decode(withdrawalCodec, raw);
        return {
          index: quantity(index),
          validatorIndex: quantity(validatorIndex),
          address: data(address),
          amount: quantity(amount),
        };
      }),
    }),
    ...(header.blobGasUsed !== undefined && { blobGasUsed: quantity(header.blobGasUsed) }),
    ...(header.excessBlobGas !== undefined && { excessBlobGas: quantity(header.excessBlobGas) }),
    ...(header.slotNumber !== undefined && { slotNumber: quantity(header.slotNumber) }),
  };
}
