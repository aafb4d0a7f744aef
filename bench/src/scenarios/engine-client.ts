import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { fastCrypto } from '@devp2p/crypto/fast';
import { decodeHeader } from '@devp2p/eth';
import { Reader } from '@devp2p/rlp';

/** Calls a node's Engine API over one connection. */
export class EngineClient {
  readonly #url: string;
  readonly #secret: Uint8Array;

  /** @param secretFile with the hexadecimal secret */
  constructor(url: string, secretFile: string) {
    this.#url = url;
    this.#secret = Buffer.from(readFileSync(secretFile, 'utf8').trim().replace(/^0x/, ''), 'hex');
  }

  /** @throws for an error response */
  async call(method: string, ...params: unknown[]): Promise<unknown> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token()}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = (await response.json()) as { result?: unknown; error?: unknown };
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  /** @returns the status: VALID, INVALID, SYNCING or ACCEPTED */
  async newPayload(payload: Payload): Promise<string> {
    const { beaconRoot, ...fields } = payload;
    const { status } = (await this.call('engine_newPayloadV4', fields, [], beaconRoot, [])) as { status: string };
    return status;
  }

  /** Makes a block the head, with nothing finalized. @returns the status */
  async setHead(hash: string): Promise<string> {
    const zero = `0x${'00'.repeat(32)}`;
    const state = { headBlockHash: hash, safeBlockHash: zero, finalizedBlockHash: zero };
    const { payloadStatus } = (await this.call('engine_forkchoiceUpdatedV3', state, null)) as {
      payloadStatus: { status: string };
    };
    return payloadStatus.status;
  }

  async blockNumber(): Promise<number> {
    return Number(await this.call('eth_blockNumber'));
  }

  #token(): string {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat: Math.floor(Date.now() / 1000) })}`;
    return `${signed}.${createHmac('sha256', this.#secret).update(signed).digest('base64url')}`;
  }
}

/** An execution payload with the root that is a parameter of its own. */
export type Payload = Readonly<Record<string, unknown>> & { readonly blockHash: string; readonly beaconRoot: string };

/** The payload of a block of Prague or later without withdrawals, blobs and requests. */
export function payloadOf(block: Uint8Array): Payload {
  const reader = new Reader(block);
  reader.enterList();
  const header = decodeHeader(reader.item(), fastCrypto);
  const transactions: string[] = [];
  reader.enterList();
  // All transactions have a type, so they are byte strings.
  while (!reader.done) transactions.push(hex(reader.string()));
  return {
    parentHash: hex(header.parentHash),
    feeRecipient: hex(header.beneficiary),
    stateRoot: hex(header.stateRoot),
    receiptsRoot: hex(header.receiptsRoot),
    logsBloom: hex(header.logsBloom),
    prevRandao: hex(header.mixHash),
    blockNumber: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: hex(header.extraData),
    baseFeePerGas: quantity(header.baseFeePerGas ?? 0),
    blockHash: hex(header.hash),
    transactions,
    withdrawals: [],
    blobGasUsed: quantity(header.blobGasUsed ?? 0),
    excessBlobGas: quantity(header.excessBlobGas ?? 0),
    beaconRoot: hex(header.parentBeaconBlockRoot ?? new Uint8Array(32)),
  };
}

function hex(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}

function quantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
