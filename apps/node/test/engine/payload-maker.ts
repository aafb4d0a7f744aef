import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fromHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { expect } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import type { Genesis } from '../../src/config/genesis/genesis.ts';
import { executorOf } from '../../src/execution/open-executor.ts';
import { openTemporary, temporaryDirectory } from '../chain/temporary.ts';
import { accounts, fundedGenesis } from '../execution/funded-genesis.ts';
import { signTransaction, type TestAccount, type TransactionFields } from '../execution/sign-transaction.ts';
import { GivenTransactions } from './given-transactions.ts';
import { EngineScene, hex, zero } from './scene.ts';

export const [alice, bob, carol] = accounts as [TestAccount, TestAccount, TestAccount];
export const recipient: Uint8Array = new Uint8Array(20).fill(0x77);
export const root: string = `0x${'44'.repeat(32)}`;

type Json = Record<string, unknown>;
interface Answer {
  payloadStatus: Json;
  payloadId: string;
}
export interface Envelope {
  executionPayload: Json & { transactions: string[]; blockHash: string; gasLimit: string; blobGasUsed?: string };
  blockValue: string;
  executionRequests?: string[];
  blobsBundle?: Record<'commitments' | 'proofs' | 'blobs', string[]>;
  shouldOverrideBuilder?: boolean;
}

/** A node that executes and builds blocks, driven as by a consensus client. */
export class Builder {
  readonly chain: LocalChain;
  readonly scene: EngineScene;
  readonly given: GivenTransactions;
  head: { hash: string; number: number; time: number };

  private constructor(chain: LocalChain, scene: EngineScene, given: GivenTransactions, { header }: Genesis) {
    this.chain = chain;
    this.scene = scene;
    this.given = given;
    this.head = { hash: hex(header.hash), number: 0, time: header.timestamp };
  }

  static async open(genesis = fundedGenesis()): Promise<Builder> {
    const clock = createVirtualClock();
    const location = join(temporaryDirectory(), 'state');
    const openExecutor = executorOf({ location, genesis, threads: false, crypto, clock });
    const chain = await openTemporary(genesis, { openExecutor });
    await chain.caughtUp;
    const given = new GivenTransactions();
    const building = { transactions: given, gasTarget: 50_000_000, extraData: Uint8Array.of(1, 2, 3) };
    return new Builder(chain, new EngineScene(chain, { building }), given, genesis);
  }

  give(account: TestAccount, nonce: number, fields: Partial<TransactionFields> = {}): void {
    const { chainId } = this.chain.genesis.config;
    this.given.add(signTransaction(account, { chainId, nonce, to: recipient, value: 1n, ...fields }));
  }

  /** Versions of forkchoiceUpdated, getPayload and newPayload at a time. */
  versions(time: number): [choose: string, get: string, send: string] {
    const { forks } = this.chain.genesis.config;
    if (time >= forks.amsterdam) return ['V4', 'V6', 'V5'];
    if (time >= forks.osaka) return ['V3', 'V5', 'V4'];
    if (time >= forks.prague) return ['V3', 'V4', 'V4'];
    if (time >= forks.cancun) return ['V3', 'V3', 'V3'];
    return time >= forks.shanghai ? ['V2', 'V2', 'V2'] : ['V1', 'V1', 'V1'];
  }

  attributes(time: number): Json {
    const { forks } = this.chain.genesis.config;
    const withdrawal = { index: '0x1', validatorIndex: '0x2', address: hex(bob.address), amount: '0x5' };
    return {
      timestamp: `0x${time.toString(16)}`,
      prevRandao: root,
      suggestedFeeRecipient: hex(recipient),
      ...(time >= forks.shanghai && { withdrawals: [withdrawal] }),
      ...(time >= forks.cancun && { parentBeaconBlockRoot: root }),
      ...(time >= forks.amsterdam && { slotNumber: `0x${time.toString(16)}`, targetGasLimit: '0x2000000' }),
    };
  }

  choose(head: string, version: string, attributes?: Json): Promise<Answer> {
    const state = { headBlockHash: head, safeBlockHash: zero, finalizedBlockHash: zero };
    return this.scene.call(`forkchoiceUpdated${version}`, state, attributes) as Promise<Answer>;
  }

  /** Begins a payload, waits for its transactions, and takes it. */
  async build(time: number): Promise<Envelope> {
    const [choose, get] = this.versions(time);
    const { payloadStatus, payloadId } = await this.choose(this.head.hash, choose, this.attributes(time));
    expect(payloadStatus).toMatchObject({ status: 'VALID', latestValidHash: this.head.hash });
    // A build runs beside the virtual clock: an interval later it has ended.
    await this.settled();
    const answer = await this.scene.call(`getPayload${get}`, payloadId);
    return get === 'V1'
      ? { executionPayload: answer as Envelope['executionPayload'], blockValue: '0x0' }
      : (answer as Envelope);
  }

  /** Sends it back, with the versioned hashes of its commitments. */
  send({ executionPayload, executionRequests = [], blobsBundle }: Envelope, time: number): Promise<unknown> {
    const version = this.versions(time)[2];
    const hashes = (blobsBundle?.commitments ?? []).map(versionedHashOf);
    const rest = { V1: [], V2: [], V3: [hashes, root] }[version] ?? [hashes, root, executionRequests];
    return this.scene.call(`newPayload${version}`, executionPayload, ...rest);
  }

  /** Builds a block, sends it back unchanged, and makes it the head. */
  async next(time: number): Promise<Envelope> {
    const envelope = await this.build(time);
    await this.accept(envelope, time);
    return envelope;
  }

  /** Sends a block back unchanged, and makes it the head. */
  async accept(envelope: Envelope, time: number): Promise<void> {
    const { blockHash } = envelope.executionPayload;
    const valid = { status: 'VALID', latestValidHash: blockHash, validationError: null };
    expect(await this.send(envelope, time)).toEqual(valid);
    expect(await this.choose(blockHash, this.versions(time)[0])).toEqual({ payloadStatus: valid, payloadId: null });
    this.head = { hash: blockHash, number: this.head.number + 1, time };
    expect(hex(this.chain.head.hash)).toBe(blockHash);
  }

  /** Waits until no build runs: the next one begins when the interval of the virtual clock has passed. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    await this.scene.clock.advance(0);
  }
}

/** EIP-4844: SHA-256 of a commitment, with the version 1 in front. */
export function versionedHashOf(commitment: string): string {
  const digest = createHash('sha256')
    .update(fromHex(commitment.slice(2)))
    .digest('hex');
  return `0x01${digest.slice(2)}`;
}
