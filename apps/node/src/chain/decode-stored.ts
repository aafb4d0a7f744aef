import { decodeBody, receiptList } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import type { StoredBlock } from '../storage/block-records.ts';
import { corrupt } from '../storage/records.ts';
import type { NewBlock } from './interfaces.ts';

/** A stored block in the form in which the import pipeline takes it. @throws ChainError `corrupt` */
export function decodeStored({ header, body, receipts, accessList }: StoredBlock): NewBlock {
  try {
    return {
      header,
      body: decodeBody(body),
      receipts: receipts && decode(receiptList, receipts),
      accessList,
    };
  } catch (error) {
    throw corrupt(`block ${header.number}`, error);
  }
}
