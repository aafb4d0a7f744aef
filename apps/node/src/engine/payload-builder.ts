import { toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import { type BlobSidecar, RawList, type SealedHeader, withdrawalCodec } from '@devp2p/eth';
import { encode } from '@devp2p/rlp';
import type { BlockBuilder, BuildRequest, BuiltBlock, ChainRules } from '../chain/interfaces.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { Log } from '../logging/log.ts';
import type { BlockConditions, PendingTransaction, TransactionSource } from '../txpool/transaction-source.ts';
import { maxBlockSize } from '../validation/block.ts';
import { type ForkchoiceVersion, invalidAttributes } from './attributes.ts';
import { blockConditions } from './block-conditions.ts';
import { orderTransactions } from './order-transactions.ts';
import type { PayloadAttributes } from './params.ts';
import { payloadId } from './payload-id.ts';

/** Settings of the building of blocks. */
export interface BuildSettings {
  /** The gas limit moves towards it before Amsterdam. @default 60_000_000 (go-ethereum, `GasCeil`) */
  readonly gasTarget?: number | undefined;
  /** Of the blocks, at most 32 bytes. @default empty */
  readonly extraData?: Uint8Array | undefined;
  /** Lowest tip per unit of gas of a transaction, in wei. @default 1_000_000 (go-ethereum, `GasPrice`) */
  readonly minTip?: bigint | undefined;
  /** Where transactions come from. @default none, so that blocks are empty */
  readonly transactions?: TransactionSource | undefined;
}

/** @see createPayloadBuilder */
export interface PayloadBuilderParts extends BuildSettings {
  readonly chain: ChainRules & BlockBuilder;
  readonly clock: Clock;
  readonly log: Log;
}

/** A payload of {@link PayloadBuilder}. */
export interface BuiltPayload {
  readonly block: BuiltBlock;
  /** Of its blob transactions, in their order. */
  readonly sidecars: readonly BlobSidecar[];
}

/** Builds payloads for a consensus client: an empty block at once, then better ones until the payload is taken. */
export interface PayloadBuilder {
  /**
   * Begins to build, unless these attributes are being built already. An empty block is ready when it resolves.
   *
   * @param attributes checked against the version and the parent
   * @returns the id; `undefined` when the state of the parent is not available, or the execution has failed
   * @throws RpcError `invalid-attributes` when no valid block has these attributes
   */
  start(
    version: ForkchoiceVersion,
    parent: SealedHeader,
    attributes: PayloadAttributes,
  ): Promise<Uint8Array | undefined>;
  /** Ends the building of a payload. @returns the best block so far; `undefined` for an unknown id */
  take(id: Uint8Array): BuiltPayload | undefined;
  /** Ends all. Idempotent. */
  close(): void;
}

/** Time from one build to the next, and for which transactions are added at most, in ms (go-ethereum, `Recommit`). */
const rebuildInterval = 2_000;
/** Time after which a payload is not improved any more, in ms: a slot (go-ethereum, `buildPayload`). */
const maxDuration = 12_000;
/** Payloads that are kept (go-ethereum, `maxTrackedPayloads`). */
const maxPayloads = 10;
/** Room in a block for its header (go-ethereum, `maxBlockSizeBufferZone`). */
const sizeReserve = 1_000_000;

const defaultGasTarget = 60_000_000;
const defaultMinTip = 1_000_000n;

export function createPayloadBuilder(parts: PayloadBuilderParts): PayloadBuilder {
  const { chain, log } = parts;
  const jobs = new Map<string, Job>();

  const startJob = async (id: string, parent: SealedHeader, attributes: PayloadAttributes): Promise<boolean> => {
    const request = buildRequest(parent, attributes, parts);
    try {
      const empty = await chain.build(request);
      jobs.set(id, new Job(request, empty, parts));
    } catch (error) {
      if (error instanceof BlockError) throw invalidAttributes(error.reason);
      log.error({ parent: parent.number, error }, 'failed to build a payload');
      return false;
    }
    const [oldest] = jobs;
    if (jobs.size > maxPayloads && oldest !== undefined) {
      oldest[1].end();
      jobs.delete(oldest[0]);
    }
    return true;
  };

  return {
    async start(version, parent, attributes) {
      const id = payloadId(version, parent.hash, attributes);
      const key = toHex(id);
      return jobs.has(key) || (await startJob(key, parent, attributes)) ? id : undefined;
    },
    take(id) {
      const job = jobs.get(toHex(id));
      job?.end();
      return job?.best;
    },
    close() {
      for (const job of jobs.values()) job.end();
      jobs.clear();
    },
  };
}

/** One payload, which is built again and again. */
class Job {
  readonly #request: BuildRequest;
  readonly #parts: PayloadBuilderParts;
  readonly #conditions: BlockConditions;
  #best: BuiltPayload;
  #isEnded = false;
  /** Ends the running build with the transactions that it has. */
  #finish = (): void => {};
  #next: Timer | undefined;
  readonly #limit: Timer;

  constructor(request: BuildRequest, empty: BuiltBlock, parts: PayloadBuilderParts) {
    this.#request = request;
    this.#parts = parts;
    this.#conditions = blockConditions(parts.chain.genesis.config, request, parts.minTip ?? defaultMinTip);
    this.#best = { block: empty, sidecars: [] };
    this.#limit = parts.clock.setTimeout(() => this.end(), maxDuration);
    void this.#run();
  }

  get best(): BuiltPayload {
    return this.#best;
  }

  /** Idempotent. */
  end(): void {
    this.#isEnded = true;
    this.#limit.cancel();
    this.#next?.cancel();
    this.#finish();
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    const started = clock.monotonic();
    try {
      await this.#build();
    } catch (error) {
      log.warn({ parent: this.#request.parent.number, error }, 'failed to improve a payload');
    }
    if (this.#isEnded) return;
    const pause = Math.max(0, started + rebuildInterval - clock.monotonic());
    this.#next = clock.setTimeout(() => void this.#run(), pause);
  }

  async #build(): Promise<void> {
    const { chain, clock, transactions } = this.#parts;
    const pending = (await transactions?.pending(this.#conditions)) ?? [];
    const ordered = orderTransactions(pending, this.#conditions);
    if (ordered.length === 0 || this.#isEnded) return;
    const candidates = ordered.map(({ raw, sender }) => ({ raw, sender }));
    const controller = new AbortController();
    this.#finish = () => controller.abort();
    const timer = clock.setTimeout(this.#finish, rebuildInterval);
    try {
      const block = await chain.build({ ...this.#request, transactions: candidates }, controller.signal);
      if (this.#isEnded || block.value <= this.#best.block.value) return;
      const included = block.included.map((position) => ordered[position] as PendingTransaction);
      const sidecars = await this.#sidecars(included);
      if (this.#isEnded || sidecars === undefined) return;
      this.#best = { block, sidecars };
      this.#log(block);
    } finally {
      timer.cancel();
    }
  }

  /** Reads the blobs of the transactions of a block. @returns `undefined` when some of them have left the pool */
  async #sidecars(included: readonly PendingTransaction[]): Promise<readonly BlobSidecar[] | undefined> {
    const sidecars: BlobSidecar[] = [];
    for (const { hash, blobs } of included) {
      if (blobs === undefined) continue;
      const sidecar = await this.#parts.transactions?.sidecar(hash);
      if (sidecar === undefined) return undefined;
      sidecars.push(sidecar);
    }
    return sidecars;
  }

  #log({ header, body, value }: BuiltBlock): void {
    const { number, hash, gasUsed } = header;
    this.#parts.log.info({ number, hash, transactions: body.transactions.length, gasUsed, value }, 'payload improved');
  }
}

/** @throws RpcError `invalid-attributes` */
function buildRequest(
  parent: SealedHeader,
  attributes: PayloadAttributes,
  { gasTarget = defaultGasTarget, extraData = new Uint8Array() }: BuildSettings,
): BuildRequest {
  const { timestamp, suggestedFeeRecipient, prevRandao, withdrawals, targetGasLimit } = attributes;
  const list = withdrawals && RawList.of(withdrawals.map((one) => encode(withdrawalCodec, one)));
  if (list !== undefined && list.raw.length > maxBlockSize - sizeReserve) {
    throw invalidAttributes('the withdrawals exceed the size of a block');
  }
  return {
    parent,
    timestamp,
    beneficiary: suggestedFeeRecipient,
    mixHash: prevRandao,
    withdrawals: list,
    parentBeaconBlockRoot: attributes.parentBeaconBlockRoot,
    slotNumber: attributes.slotNumber,
    gasTarget: targetGasLimit ?? gasTarget,
    extraData,
    transactions: [],
  };
}
