import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type Header, sealHeader } from '@devp2p/eth';
import { type LocalChain, openChain } from '../../src/chain/chain.ts';
import { ForkChoice, type ForkChoiceChain } from '../../src/chain/fork-choice.ts';
import { createEngine, type Engine, type EngineParts } from '../../src/engine/methods.ts';
import { versionedHashes } from '../../src/engine/payload.ts';
import { silentLogs } from '../../src/logging/log.ts';
import type { BlockRef } from '../../src/storage/schema.ts';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import type { ChainConfig } from '../../src/validation/chain-config.ts';
import { blocks, genesis } from '../sync/demo-blocks.ts';
import { payloadJson } from './payload-json.ts';

/** Number of demo blocks on the chain; the consensus layer requests the others. */
export const length = 700;
export const zero = `0x${'00'.repeat(32)}`;
export const syncing = { status: 'SYNCING', latestValidHash: null, validationError: null };

export const hex = (bytes: Uint8Array | undefined): string => `0x${toHex(bytes ?? new Uint8Array(32))}`;
export const block = (number: number): CompleteBlock => blocks[number] as CompleteBlock;

/** The rules of the demo chain with other fork times. */
export function withForks(forks: Partial<ChainConfig['forks']>): ChainConfig {
  return { ...genesis.config, forks: { ...genesis.config.forks, ...forks } };
}

/** A chain of demo blocks in a database, for the tests of a file. */
export async function openScene(): Promise<{ chain: LocalChain; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'));
  const chain = await openChain({ location: folder, genesis, clock: createVirtualClock(), crypto });
  await chain.append(blocks.slice(1, length + 1));
  return {
    chain,
    async close() {
      await chain.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type SceneChain = ForkChoiceChain & EngineParts['chain'];

/** The Engine API over a chain, called as by JSON-RPC. */
export class EngineScene {
  readonly clock: VirtualClock = createVirtualClock();
  readonly forkChoice: ForkChoice;
  /** Fields and text of the log lines. */
  readonly logged: [fields: Record<string, unknown>, text: string][] = [];
  readonly engine: Engine;

  /** Opens it with the finalized block of an earlier one. */
  static async open(chain: SceneChain, settings: Partial<EngineParts> = {}): Promise<EngineScene> {
    return new EngineScene(chain, settings, await chain.finalizedBlock.read());
  }

  constructor(chain: SceneChain, settings: Partial<EngineParts> & { config?: ChainConfig } = {}, finalized?: BlockRef) {
    const { config = chain.genesis.config, ...rest } = settings;
    const note = (fields: unknown, text: string): void => {
      this.logged.push([fields as Record<string, unknown>, text]);
    };
    // Properties of the chain stay live, with other rules.
    const view: SceneChain = Object.create(chain, {
      genesis: { value: { ...chain.genesis, config } },
    });
    this.forkChoice = new ForkChoice(view, finalized);
    this.engine = createEngine({
      chain: view,
      forkChoice: this.forkChoice,
      crypto,
      clock: this.clock,
      log: { ...silentLogs('rpc'), warn: note, info: note },
      ...rest,
    });
  }

  /** @throws RpcError */
  async call(method: string, ...params: unknown[]): Promise<unknown> {
    const run = this.engine.namespace.methods[method];
    if (run === undefined) throw new Error(`there is no ${method}`);
    return run(params);
  }

  newPayload(one: CompleteBlock, payload?: object): Promise<unknown> {
    return this.call(`newPayload${forkOf(one.header)}`, ...paramsOf(one, payload));
  }

  choose(
    head: Uint8Array | string,
    { safe = zero, finalized = zero, version = 'V3', rest = [] as unknown[] } = {},
  ): Promise<unknown> {
    const state = {
      headBlockHash: typeof head === 'string' ? head : hex(head),
      safeBlockHash: safe,
      finalizedBlockHash: finalized,
    };
    return this.call(`forkchoiceUpdated${version}`, state, ...rest);
  }
}

export function forkOf({ timestamp }: Header): 'V1' | 'V2' | 'V3' | 'V4' {
  const { shanghai, cancun, prague } = genesis.config.forks;
  if (timestamp >= prague) return 'V4';
  if (timestamp >= cancun) return 'V3';
  return timestamp >= shanghai ? 'V2' : 'V1';
}

/** The parameters that go with a block of the demo's chain, which has no requests. */
export function paramsOf(one: CompleteBlock, payload: object = payloadJson(one)): unknown[] {
  const version = forkOf(one.header);
  if (version === 'V1' || version === 'V2') return [payload];
  const hashes = versionedHashes([...one.body.transactions]).map(hex);
  const root = hex(one.header.parentBeaconBlockRoot);
  return version === 'V3' ? [payload, hashes, root] : [payload, hashes, root, []];
}

/** A block with changed header fields. */
export function changed(one: CompleteBlock, change: Partial<Header>): CompleteBlock {
  return { ...one, header: sealHeader({ ...one.header, ...change }, crypto) };
}
