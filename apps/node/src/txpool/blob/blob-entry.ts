/** Most by which the base fee changes from block to block (EIP-1559). */
const feeStep = Math.log(1.125);
/** Most by which the price of blob gas falls from block to block, with the targets and limits of EIP-7892: 17 %. */
const blobFeeStep = (feeStep * 4) / 3;

/** Number of changes from a price of 1 wei to a price. */
export function feeSteps(fee: bigint): number {
  return fee === 0n ? 0 : Math.log(Number(fee)) / feeStep;
}

export function blobFeeSteps(fee: bigint): number {
  return fee === 0n ? 0 : Math.log(Number(fee)) / blobFeeStep;
}

/** What the pool keeps in memory of a blob transaction; its blobs are on disk. */
export class BlobEntry {
  /** Hex of the hash. */
  readonly key: string;
  /** Hex of the address. */
  readonly sender: string;
  readonly nonce: bigint;
  readonly gas: number;
  /** In wei. */
  readonly feeCap: bigint;
  readonly tipCap: bigint;
  readonly blobFeeCap: bigint;
  /** The most that it takes from its sender, in wei. */
  readonly cost: bigint;
  /** Hex of the versioned hashes. */
  readonly hashes: readonly string[];
  /** Of its sidecar. */
  readonly version: 0 | 1;
  /** Length in the form of the network. */
  readonly size: number;
  /** Length of its file. */
  readonly stored: number;
  /** In canonical form; read from its file when it is long. */
  readonly raw: Uint8Array | undefined;
  readonly steps: number;
  readonly blobSteps: number;
  /** Position in the order of arrival. */
  arrival = 0;
  isAnnounced = false;

  constructor(fields: BlobFields) {
    this.key = fields.key;
    this.sender = fields.sender;
    this.nonce = fields.nonce;
    this.gas = fields.gas;
    this.feeCap = fields.feeCap;
    this.tipCap = fields.tipCap;
    this.blobFeeCap = fields.blobFeeCap;
    this.cost = fields.cost;
    this.hashes = fields.hashes;
    this.version = fields.version;
    this.size = fields.size;
    this.stored = fields.stored;
    this.raw = fields.raw;
    this.steps = feeSteps(fields.feeCap);
    this.blobSteps = blobFeeSteps(fields.blobFeeCap);
  }
}

/** Fields with which a {@link BlobEntry} is made. */
export type BlobFields = Omit<BlobEntry, 'steps' | 'blobSteps' | 'arrival' | 'isAnnounced'>;

/** Prices of the next block, as steps. */
export interface PriceSteps {
  readonly fee: number;
  readonly blobFee: number;
}

/**
 * How far a transaction is from payable: 0, or minus the number of blocks that the dearer of its two prices has to fall
 * for (TP-18).
 */
export function distance({ steps, blobSteps }: Pick<BlobEntry, 'steps' | 'blobSteps'>, prices: PriceSteps): number {
  return Math.min(0, Math.floor(steps - prices.fee), Math.floor(blobSteps - prices.blobFee));
}

/** Percentage of the old fees that a replacement pays at least (TP-05). */
export function canReplaceBlob(old: BlobEntry, entry: BlobEntry, bump: bigint): boolean {
  const exceeds = (before: bigint, price: bigint): boolean =>
    price > before && price >= (before * (100n + bump)) / 100n;
  return (
    exceeds(old.feeCap, entry.feeCap) && exceeds(old.tipCap, entry.tipCap) && exceeds(old.blobFeeCap, entry.blobFeeCap)
  );
}
