import type { Crypto } from '@devp2p/crypto';
import { decodeBody, decodeHeader, RawList } from '@devp2p/eth';
import type { BuildRequest, BuiltBlock } from '../build-request.ts';
import { ownBytes } from './channel.ts';

/** A {@link BuildRequest} as a message. */
export type BuildMessage = Omit<BuildRequest, 'parent' | 'withdrawals'> & {
  /** RLP of the header. */
  readonly parent: Uint8Array;
  readonly withdrawals: readonly Uint8Array[] | undefined;
};

/** A {@link BuiltBlock} as a message. */
export type BuiltMessage = Omit<BuiltBlock, 'header' | 'body'> & {
  /** RLP of the header and of the body. */
  readonly header: Uint8Array;
  readonly body: Uint8Array;
};

export function encodeBuildRequest(request: BuildRequest): BuildMessage {
  const { parent, withdrawals, transactions, beneficiary, mixHash, parentBeaconBlockRoot, extraData } = request;
  return {
    ...request,
    parent: ownBytes(parent.raw),
    beneficiary: ownBytes(beneficiary),
    mixHash: ownBytes(mixHash),
    parentBeaconBlockRoot: parentBeaconBlockRoot && ownBytes(parentBeaconBlockRoot),
    extraData: ownBytes(extraData),
    withdrawals: withdrawals && [...withdrawals].map(ownBytes),
    transactions: transactions.map(({ raw, sender }) => ({ raw: ownBytes(raw), sender: ownBytes(sender) })),
  };
}

export function decodeBuildRequest(message: BuildMessage, crypto: Crypto): BuildRequest {
  const { parent, withdrawals } = message;
  return { ...message, parent: decodeHeader(parent, crypto), withdrawals: withdrawals && RawList.of(withdrawals) };
}

export function encodeBuiltBlock(block: BuiltBlock): BuiltMessage {
  const { header, body, accessList, requests } = block;
  return {
    ...block,
    header: ownBytes(header.raw),
    body: ownBytes(body.raw),
    accessList: accessList && ownBytes(accessList),
    requests: requests?.map(ownBytes),
  };
}

export function decodeBuiltBlock(message: BuiltMessage, crypto: Crypto): BuiltBlock {
  return { ...message, header: decodeHeader(message.header, crypto), body: decodeBody(message.body) };
}
