import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '@devp2p/bytes';
import { decodeTransaction } from '@devp2p/eth';
import { askEngine, type EngineServer } from './json-rpc.ts';

const zero = `0x${'00'.repeat(32)}`;

/** A block of the driver's network. */
export interface DriverBlock {
  readonly hash: string;
  readonly number: number;
  readonly time: number;
  readonly parent: DriverBlock | undefined;
  /** Version and parameters of its newPayload. */
  readonly call: readonly [version: string, params: readonly unknown[]] | undefined;
}

/** Answers of both sides, by name. */
export type Outcomes = Readonly<Record<string, string>>;

interface Status {
  readonly status: string;
  readonly latestValidHash: string | null;
}

type Versions = readonly [choose: string, get: string, send: string];

/** Times of the forks of go-ethereum's test chain, from the latest on, and the versions of the methods since then. */
const forks: readonly (readonly [time: number, versions: Versions])[] = [
  [360, ['V4', 'V6', 'V5']],
  [180, ['V3', 'V5', 'V4']],
  [120, ['V3', 'V4', 'V4']],
  [60, ['V3', 'V3', 'V3']],
  [0, ['V2', 'V2', 'V2']],
];

function versionsAt(time: number): Versions {
  return forks.find(([from]) => time >= from)?.[1] ?? ['V1', 'V1', 'V1'];
}

/** Acts as the consensus client of a small network whose execution clients all get the same calls. */
export class ConsensusDriver {
  /** By name; a side that was restarted is replaced. */
  readonly sides: Record<string, EngineServer>;
  readonly genesis: DriverBlock;
  head: DriverBlock;
  safe: DriverBlock | undefined;
  finalized: DriverBlock | undefined;

  constructor(sides: Readonly<Record<string, EngineServer>>, genesisHash: string) {
    this.sides = { ...sides };
    this.genesis = { hash: genesisHash, number: 0, time: 0, parent: undefined, call: undefined };
    this.head = this.genesis;
  }

  /** The same call to all sides. @returns the status with the latest valid hash, or the code of the error, by side */
  async askAll(method: string, params: readonly unknown[]): Promise<Outcomes> {
    const names = Object.keys(this.sides);
    const answers = await Promise.all(names.map((name) => this.#outcome(name, method, params)));
    return Object.fromEntries(names.map((name, i) => [name, answers[i] as string]));
  }

  async #outcome(side: string, method: string, params: readonly unknown[]): Promise<string> {
    const { result, error } = await askEngine(this.sides[side] as EngineServer, { method: `engine_${method}`, params });
    if (error !== undefined) return String(error.code);
    const answer = result as Status & { payloadStatus?: Status };
    const { status, latestValidHash } = answer.payloadStatus ?? answer;
    return `${status} ${latestValidHash}`;
  }

  send({ call }: DriverBlock): Promise<Outcomes> {
    const [version, params] = call ?? [];
    if (version === undefined || params === undefined) throw new Error('the genesis is not sent');
    return this.askAll(`newPayload${version}`, params);
  }

  /** Makes a block the head of all sides. */
  choose(head: DriverBlock): Promise<Outcomes> {
    return this.askAll(`forkchoiceUpdated${versionsAt(head.time)[0]}`, [this.#state(head), null]);
  }

  #state(head: DriverBlock) {
    return {
      headBlockHash: head.hash,
      safeBlockHash: this.safe?.hash ?? zero,
      finalizedBlockHash: this.finalized?.hash ?? zero,
    };
  }

  /**
   * Has one side build a block on the head: attributes two thirds into the slot before, getPayload when the slot begins.
   *
   * @param slot real duration of a slot in ms; the timestamps are 10 s apart
   * @param missed slots without a block before it
   */
  async build(side: string, slot: number, missed = 0): Promise<DriverBlock> {
    const parent = this.head;
    const time = parent.time + 10 * (missed + 1);
    const [choose, get, send] = versionsAt(time);
    const root = `0x${randomBytes(32).toString('hex')}`;
    const attributes = {
      timestamp: hex(time),
      prevRandao: root,
      suggestedFeeRecipient: `0x${'77'.repeat(20)}`,
      withdrawals: [
        { index: hex(parent.number), validatorIndex: '0x1', address: `0x${'88'.repeat(20)}`, amount: '0x5' },
      ],
      ...(time >= 60 && { parentBeaconBlockRoot: root }),
      ...(time >= 360 && { slotNumber: hex(time / 10), targetGasLimit: '0x3938700' }),
    };
    const server = this.sides[side] as EngineServer;
    const chosen = await askEngine(server, {
      method: `engine_forkchoiceUpdated${choose}`,
      params: [this.#state(parent), attributes],
    });
    const { payloadId } = (chosen.result ?? {}) as { payloadId?: string };
    if (typeof payloadId !== 'string') throw new Error(`${side} builds no payload: ${JSON.stringify(chosen)}`);
    await new Promise((resolve) => setTimeout(resolve, slot / 3));
    const { result, error } = await askEngine(server, { method: `engine_getPayload${get}`, params: [payloadId] });
    if (error !== undefined) throw new Error(`${side}: ${error.message}`);
    const { executionPayload: payload, executionRequests } = result as {
      executionPayload: { blockHash: string; transactions: string[] };
      executionRequests?: string[];
    };
    const hashes = payload.transactions.flatMap(blobHashes);
    const rest = send === 'V2' ? [] : send === 'V3' ? [hashes, root] : [hashes, root, executionRequests];
    return { hash: payload.blockHash, number: parent.number + 1, time, parent, call: [send, [payload, ...rest]] };
  }
}

/** The versioned hashes of the blobs of a transaction. */
function blobHashes(transaction: string): string[] {
  const { blobVersionedHashes = [] } = decodeTransaction(fromHex(transaction.slice(2)));
  return blobVersionedHashes.map((hash) => `0x${toHex(hash)}`);
}

const hex = (value: number): string => `0x${value.toString(16)}`;
