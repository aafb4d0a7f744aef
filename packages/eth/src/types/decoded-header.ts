import type { Reader } from '@devp2p/rlp';
import type { Header, SealedHeader } from './header.ts';
import { exactLong, extraData, maxUint, wide } from './header-fields.ts';
import { hex, showAs } from './show-fields.ts';

/**
 * A decoded header. Its fields are set in one constructor in a fixed order, which is three times faster than a struct of
 * codecs; a sync decodes mostly headers.
 */
export class DecodedHeader implements Header {
  declare parentHash: Uint8Array;
  declare unclesHash: Uint8Array;
  declare beneficiary: Uint8Array;
  declare stateRoot: Uint8Array;
  declare transactionsRoot: Uint8Array;
  declare receiptsRoot: Uint8Array;
  declare logsBloom: Uint8Array;
  declare difficulty: bigint;
  declare number: number;
  declare gasLimit: number | bigint;
  declare gasUsed: number;
  declare timestamp: number;
  declare extraData: Uint8Array;
  declare mixHash: Uint8Array;
  declare nonce: Uint8Array;
  declare baseFeePerGas?: bigint;
  declare withdrawalsRoot?: Uint8Array;
  declare blobGasUsed?: number;
  declare excessBlobGas?: number;
  declare parentBeaconBlockRoot?: Uint8Array;
  declare requestsHash?: Uint8Array;
  declare blockAccessListHash?: Uint8Array;
  declare slotNumber?: number | bigint;
  declare hash?: Uint8Array;
  declare raw?: Uint8Array;

  /** @throws RlpError without a path */
  constructor(reader: Reader) {
    const outerEnd = reader.enterList();
    this.parentHash = reader.fixed(32);
    this.unclesHash = reader.fixed(32);
    this.beneficiary = reader.fixed(20);
    this.stateRoot = reader.fixed(32);
    this.transactionsRoot = reader.fixed(32);
    this.receiptsRoot = reader.fixed(32);
    this.logsBloom = reader.fixed(256);
    this.difficulty = wide.read(reader);
    this.number = reader.uint(maxUint);
    this.gasLimit = exactLong.read(reader);
    this.gasUsed = reader.uint(maxUint);
    this.timestamp = reader.uint(maxUint);
    this.extraData = extraData.read(reader);
    this.mixHash = reader.fixed(32);
    this.nonce = reader.fixed(8);
    if (!reader.done) this.baseFeePerGas = wide.read(reader);
    if (!reader.done) this.withdrawalsRoot = reader.fixed(32);
    if (!reader.done) this.blobGasUsed = reader.uint(maxUint);
    if (!reader.done) this.excessBlobGas = reader.uint(maxUint);
    if (!reader.done) this.parentBeaconBlockRoot = reader.fixed(32);
    if (!reader.done) this.requestsHash = reader.fixed(32);
    if (!reader.done) this.blockAccessListHash = reader.fixed(32);
    if (!reader.done) this.slotNumber = exactLong.read(reader);
    reader.leave(outerEnd);
  }
}

/** Fields with number and hash first, without the encoding. */
function fieldsOf({ number, hash, raw: _, ...rest }: DecodedHeader): Partial<SealedHeader> {
  return { number, ...(hash && { hash }), ...rest };
}

function quantities(header: DecodedHeader): Record<string, string> {
  const fields = Object.entries(fieldsOf(header));
  return Object.fromEntries(
    fields.map(([name, value]) => [name, value instanceof Uint8Array ? hex(value) : `0x${value.toString(16)}`]),
  );
}

const lineWidth = 120;

/** Text for `console.log`. Inside of another object, such as the array of a response, only number and hash. */
function textOf(header: DecodedHeader, nested: boolean): string {
  const { number, hash } = header;
  const shown = nested ? { number, ...(hash && { hash }) } : fieldsOf(header);
  const lines: string[] = [];
  let line = 'Header {';
  for (const [name, value] of Object.entries(shown)) {
    const field = ` ${name}: ${value instanceof Uint8Array ? shortHex(value) : value},`;
    if (line.length + field.length > lineWidth) {
      lines.push(line);
      line = ' ';
    }
    line += field;
  }
  return [...lines, `${line.slice(0, -1)} }`].join('\n');
}

/** Hex of a hash, or of the start of a longer field. */
function shortHex(bytes: Uint8Array): string {
  if (bytes.length <= 32) return hex(bytes);
  return `${hex(bytes.subarray(0, 16))}… (${bytes.length} bytes)`;
}

showAs(DecodedHeader.prototype, quantities, textOf);
