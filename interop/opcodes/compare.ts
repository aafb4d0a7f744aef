import type { BlockState } from '../../apps/node/src/execution/evm/state/block-state.ts';
import { hexOf, hexWord } from '../../apps/node/test/execution/evm/opcode-case.ts';
import type { GethEvm, Watched } from './geth-evm.ts';
import type { Message, Outcome, World } from './message.ts';

/**
 * How errors are compared: `exact` but for {@link perhapsGas}, or only whether a message succeeds.
 * Which error a frame fails with depends on the order of checks, and no code can distinguish them.
 */
export type ErrorMatch = 'exact' | 'success';

/**
 * Errors of our EVM for which go-ethereum may report that gas is used up: it checks the gas before return data and the
 * length of init code, and a precompiled contract is one error here.
 */
const perhapsGas: readonly string[] = ['return-data-bounds', 'init-code-size', 'precompile'];

function isSameError(ours: string, geth: string, match: ErrorMatch): boolean {
  if (match === 'exact' && geth === 'out-of-gas' && perhapsGas.includes(ours)) return true;
  return errorOf(ours, match) === errorOf(geth, match);
}

function errorOf(error: string, match: ErrorMatch): string {
  return match === 'exact' || error === '' ? error : 'failure';
}

function sorted(accesses: Outcome['accesses']): unknown {
  return Object.entries(accesses ?? {})
    .map(([address, slots]) => `${address}: ${[...slots].sort().join(' ')}`)
    .sort();
}

/** The fields in which two outcomes differ. */
export function differences(ours: Outcome, geth: Outcome, errors: ErrorMatch): string[] {
  const fields: string[] = [];
  if (!isSameError(ours.error, geth.error, errors)) fields.push('error');
  for (const field of ['gas', 'stateGas', 'stateGasUsed', 'output', 'refund', 'root'] as const) {
    if (ours[field] !== geth[field]) fields.push(field);
  }
  if (JSON.stringify(ours.logs) !== JSON.stringify(geth.logs)) fields.push('logs');
  if (JSON.stringify(sorted(ours.accesses)) !== JSON.stringify(sorted(geth.accesses))) fields.push('accesses');
  return fields;
}

/** The accounts that differ after a message, of those that our EVM has read. */
async function stateDifferences(geth: GethEvm, world: World, message: Message, state: BlockState): Promise<string[]> {
  const ours = new Map<string, Watched>();
  for (const { address, exists, balance, nonce, codeHash, storage } of state.accounts()) {
    ours.set(hexOf(address), {
      exists,
      balance: `0x${balance.toString(16)}`,
      nonce: `0x${nonce.toString(16)}`,
      codeHash: exists ? hexOf(codeHash) : hexWord(0n),
      storage: Object.fromEntries([...storage].map(({ slot, value }) => [hexWord(slot), hexWord(value)])),
    });
  }
  const watch = Object.fromEntries([...ours].map(([address, { storage }]) => [address, Object.keys(storage)]));
  const theirs = await geth.watch(world, message, watch);
  const lines: string[] = [];
  for (const [address, account] of ours) {
    const other = theirs[address];
    const text = (value: Watched | undefined) =>
      JSON.stringify(value && { ...value, storage: Object.entries(value.storage).sort() });
    if (text(account) !== text(other)) lines.push(`${address}\n  ours ${text(account)}\n  geth ${text(other)}`);
  }
  return lines;
}

/** The text of a difference, with all values to run the message again. */
export async function describeDifference(
  geth: GethEvm,
  world: World,
  message: Message,
  ours: { outcome: Outcome; state: BlockState },
  theirs: Outcome,
  errors: ErrorMatch,
): Promise<string> {
  const fields = differences(ours.outcome, theirs, errors);
  const values = fields.map((field) => {
    const of = (outcome: Outcome) => {
      const value = field === 'accesses' ? sorted(outcome.accesses) : outcome[field as keyof Outcome];
      return JSON.stringify(value);
    };
    return `${field}\n  ours ${of(ours.outcome)}\n  geth ${of(theirs)}`;
  });
  const accounts = fields.includes('root') ? await stateDifferences(geth, world, message, ours.state) : [];
  return [
    `${world.fork} ${message.title}: ${fields.join(', ')}`,
    ...values,
    ...accounts,
    `block ${JSON.stringify(world.block)}`,
    `message ${JSON.stringify(message)}`,
  ].join('\n');
}
