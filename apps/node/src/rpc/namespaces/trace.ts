import type { SealedBody, SealedHeader } from '@devp2p/eth';
import * as v from 'valibot';
import type { TraceOptions, TraceTask } from '../../chain/interfaces.ts';
import { CallError } from '../../errors/call-error.ts';
import type { Backend } from '../backend.ts';
import { type BlockId, blockHash, blockNumber } from '../codec/block-id.ts';
import { data, parameter, toData } from '../codec/hex.ts';
import { method, type Namespace, optional } from '../transport/api.ts';
import { JsonText } from '../transport/json-text.ts';
import { RpcError } from '../transport/rpc-error.ts';
import type { ChainView } from './chain-view.ts';
import { findMined } from './eth/transactions.ts';
import { withState } from './state-errors.ts';

/** Blocks below the latest one whose transactions can be executed again (go-ethereum, `defaultTraceReexec`). */
const maxDepth = 128;

const boolean = v.nullish(v.boolean(), false);
const fields = parameter(
  v.object({
    tracer: v.nullish(v.literal('callTracer', 'expected callTracer, or none for the instructions')),
    tracerConfig: v.nullish(v.object({ onlyTopCall: boolean, withLog: boolean }), {
      onlyTopCall: false,
      withLog: false,
    }),
    enableMemory: boolean,
    disableStack: boolean,
    disableStorage: boolean,
    enableReturnData: boolean,
    limit: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  }),
);

/** Reads the second parameter of the `debug_trace` methods. Throws an `Error` with the expected form. */
function traceOptions(value: unknown): TraceOptions {
  const read = fields(value);
  return {
    tracer: read.tracer === 'callTracer' ? 'calls' : 'instructions',
    onlyTopCall: read.tracerConfig?.onlyTopCall ?? false,
    withLog: read.tracerConfig?.withLog ?? false,
    memory: read.enableMemory ?? false,
    stack: read.disableStack !== true,
    storage: read.disableStorage !== true,
    returnData: read.enableReturnData ?? false,
    limit: read.limit ?? 0,
  };
}

const hashParameter = parameter(data(32));
const defaults = traceOptions({});

interface Traced {
  readonly header: SealedHeader;
  readonly body: SealedBody;
}

/** The `debug_trace` methods: transactions of recent blocks, executed again. */
export function traceMethods(parts: Backend & { readonly view: ChainView }): Namespace['methods'] {
  const { chain, view, crypto } = parts;
  /** @throws RpcError */
  const trace = async ({ header, body }: Traced, index: number | undefined, options: TraceOptions) => {
    const { calls } = chain;
    if (calls === undefined) throw new RpcError('failed', 'state is not available without execution');
    if (header.number === 0) throw new RpcError('failed', 'genesis is not traceable');
    const latest = await view.latest();
    const parent = await chain.headerByHash(header.parentHash);
    if (parent === undefined || latest.number - header.number >= maxDepth) {
      throw new RpcError('failed', `required historical state unavailable (reexec=${maxDepth})`);
    }
    const task: TraceTask = {
      type: 'trace',
      block: { hash: parent.hash.slice(), header: parent.raw.slice() },
      header: header.raw.slice(),
      body: body.raw.slice(),
      index,
      options,
    };
    try {
      return await withState(parent, () => calls.run(task));
    } catch (error) {
      if (error instanceof CallError) throw new RpcError('failed', error.message);
      throw error;
    }
  };
  const traceBlock = async (id: BlockId, options: TraceOptions = defaults): Promise<JsonText> => {
    const block = await view.block(id);
    if (block === undefined) throw new RpcError('failed', 'block not found');
    const results = await trace(block, undefined, options);
    const hashes = [...block.body.transactions].map((raw) => toData(crypto.keccak256(raw)));
    return new JsonText(`[${results.map((text, i) => `{"txHash":"${hashes[i]}","result":${text}}`).join(',')}]`);
  };
  return {
    traceTransaction: method([hashParameter, optional(traceOptions)], async (hash, options = defaults) => {
      const found = await findMined(parts, hash);
      if (found === undefined) throw new RpcError('failed', 'transaction not found');
      const [text = 'null'] = await trace(found, found.index, options);
      return new JsonText(text);
    }),
    traceBlockByNumber: method([blockNumber, optional(traceOptions)], (id, options) => traceBlock(id, options)),
    traceBlockByHash: method([blockHash, optional(traceOptions)], (id, options) => traceBlock(id, options)),
  };
}
