import { CallError } from '../../errors/call-error.ts';
import { gasPerBlob } from '../../validation/fees.ts';
import { maxTransactionGas } from '../../validation/transaction.ts';
import type { RunOutcome } from '../block/run-transaction.ts';
import { isEmptyCodeHash } from '../evm/state/account-state.ts';
import { callFees, limited } from './call-context.ts';
import { callFailure } from './call-failure.ts';
import type { ExecuteOptions, PreparedCall } from './call-runner.ts';

const transferGas = 21_000;
/** Gas of a callee that gets a value, beyond that of its caller. */
const callStipend = 2_300;
/** An estimate may be above the least gas by this part (go-ethereum, `estimateGasErrorRatio`). */
const tolerance = 0.015;

/**
 * Finds the least gas with which a call succeeds.
 *
 * @param execute executes the call once
 * @throws CallError
 */
export async function estimateGas(
  call: PreparedCall,
  execute: (options: ExecuteOptions) => Promise<RunOutcome>,
): Promise<number> {
  const { task, state, watch } = call;
  const { message } = task;
  let high = highest(call);
  const attempt = async (gas: number): Promise<RunOutcome | undefined> => {
    watch.expectTime();
    try {
      return await execute({ gas });
    } catch (error) {
      if (error instanceof CallError && error.code === 'intrinsic-gas') return undefined;
      throw error;
    }
  };

  if ((message.input?.length ?? 0) === 0 && message.to !== undefined) {
    const recipient = state.account(message.to);
    if (recipient === undefined || isEmptyCodeHash(recipient.codeHash)) {
      const transfer = high >= transferGas ? await attempt(transferGas) : undefined;
      if (transfer?.isSuccess) return transfer.spent.paid;
    }
  }
  const first = await attempt(high);
  if (first === undefined || (!first.isSuccess && first.error === 'out-of-gas')) {
    throw new CallError('refused', `gas required exceeds allowance (${high})`);
  }
  if (!first.isSuccess) throw callFailure(first);
  let low = first.spent.paid - 1;
  const likely = Math.floor(((first.usedBeforeRefund + callStipend) * 64) / 63);
  if (likely < high) {
    if ((await attempt(likely))?.isSuccess) high = likely;
    else low = likely;
  }
  while (low + 1 < high && (high - low) / high >= tolerance) {
    // Most calls need little more than they use.
    const middle = Math.min(low + Math.floor((high - low) / 2), low * 2);
    if ((await attempt(middle))?.isSuccess) high = middle;
    else low = middle;
  }
  return high;
}

/** The highest gas that the call may have: by its own limit, that of a transaction, and the balance of its sender. */
function highest({ task, context, header, state }: PreparedCall): number {
  const { message, maxGas } = task;
  const { rules } = context;
  const wanted = limited(message.gas, maxGas);
  let high = wanted >= transferGas ? wanted : Number(header.gasLimit);
  if (rules.osaka && !rules.amsterdam) high = Math.min(high, maxTransactionGas);
  const { feeCap } = callFees(message, rules.london ? (context.fields.baseFeePerGas ?? 0n) : undefined);
  if (feeCap > 0n) {
    const { from = new Uint8Array(20), value = 0n, blobVersionedHashes = [], maxFeePerBlobGas = 0n } = message;
    let available = state.account(from)?.balance ?? 0n;
    if (value > 0n && value >= available) throw new CallError('refused', 'insufficient funds for transfer');
    available -= value;
    const blobs = BigInt(blobVersionedHashes.length * gasPerBlob) * maxFeePerBlobGas;
    if (blobs > 0n && blobs >= available) {
      throw new CallError('refused', 'insufficient funds for gas * price + value');
    }
    const allowance = (available - blobs) / feeCap;
    if (BigInt(high) > allowance) high = Number(allowance);
  }
  return Math.min(high, maxGas);
}
