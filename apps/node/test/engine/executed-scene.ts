import { toHex } from '@devp2p/bytes';
import { RawList } from '@devp2p/eth';
import type { ChainOptions, LocalChain } from '../../src/chain/chain.ts';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import type { EngineParts } from '../../src/engine/methods.ts';
import { makeChain, makeGenesis } from '../chain/make-blocks.ts';
import { openTemporary, temporaryDirectory } from '../chain/temporary.ts';
import { createFakeExecutor, type FakeExecutor } from '../execution/fake-executor.ts';
import { payloadJson } from './payload-json.ts';
import { EngineScene, hex, zero } from './scene.ts';

export const genesis = makeGenesis('prague');
export const blocks = makeChain(genesis.config, genesis.header, 300);
/** A branch from block 60. */
export const branch = makeChain(genesis.config, (blocks[59] as NewBlock).header, 60, { extraData: Uint8Array.of(1) });

const receipts = new Map([...blocks, ...branch].map((block) => [toHex(block.header.hash), block.receipts]));

/** A block of one of the two chains by its number. */
export function at(list: readonly NewBlock[], number: number): NewBlock {
  return list.find(({ header }) => header.number === number) as NewBlock;
}

export const hashOf = (list: readonly NewBlock[], number: number): string => hex(at(list, number).header.hash);

export const validStatus = (block: NewBlock) => ({
  status: 'VALID',
  latestValidHash: hex(block.header.hash),
  validationError: null,
});

/** The Engine API of a node that executes blocks, with an executor in memory. */
export class ExecutedScene {
  readonly chain: LocalChain;
  readonly executor: FakeExecutor;
  readonly location: string;
  readonly engine: EngineScene;

  private constructor(chain: LocalChain, executor: FakeExecutor, location: string, engine: EngineScene) {
    this.chain = chain;
    this.executor = executor;
    this.location = location;
    this.engine = engine;
  }

  /** @param before an earlier scene, whose database and state on disk are opened again */
  static async open(
    settings: Partial<EngineParts> = {},
    options: Partial<ChainOptions> = {},
    before?: ExecutedScene,
  ): Promise<ExecutedScene> {
    const { genesis: first = genesis } = options;
    await before?.chain.close();
    const executor =
      before?.executor ?? createFakeExecutor(first.header, (hash) => receipts.get(hash) ?? RawList.of([]));
    const location = before?.location ?? temporaryDirectory();
    const chain = await openTemporary(first, { openExecutor: () => executor, location, ...options });
    const engine = await EngineScene.open(chain, settings);
    return new ExecutedScene(chain, executor, location, engine);
  }

  /** Sends a block without the results of its execution. */
  async newPayload(block: NewBlock): Promise<unknown> {
    const root = hex(block.header.parentBeaconBlockRoot);
    return this.engine.call('newPayloadV4', payloadJson(block), [], root, []);
  }

  /** Sends the blocks from one number to another, and makes the last one the head. */
  async follow(list: readonly NewBlock[], first: number, last: number): Promise<void> {
    for (let number = first; number <= last; number++) await this.newPayload(at(list, number));
    await this.choose(list, last);
  }

  choose(
    list: readonly NewBlock[],
    head: number,
    { safe, finalized }: { safe?: string; finalized?: string } = {},
  ): Promise<unknown> {
    return this.engine.choose(hashOf(list, head), { safe: safe ?? zero, finalized: finalized ?? zero });
  }

  /** Numbers of the blocks of the tags. */
  async tags(): Promise<(number | undefined)[]> {
    const { forkChoice } = this.engine;
    const headers = await Promise.all([forkChoice.latest(), forkChoice.safe(), forkChoice.finalized()]);
    return headers.map((header) => header?.number);
  }
}
