import { env } from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { type Candidate, runCampaign, type Size } from './opcodes/campaign.ts';
import { libraryEvm, ownEvm } from './opcodes/evms.ts';
import { forks, isAtLeast } from './opcodes/forks.ts';
import { GethEvm } from './opcodes/geth-evm.ts';
import { instructionsOf } from './opcodes/instructions.ts';

const { OPCODES, OPCODES_SEED = '1', OPCODES_FORKS } = env;

/** Some forks change nothing in the EVM, which is tested as well. */
const tested = forks.filter((fork) => OPCODES_FORKS?.split(',').includes(fork) ?? true);

/** Messages for each instruction of each fork. */
const perInstruction = Number(OPCODES ?? 2);
const size: Size = { perInstruction, programs: 30 * perInstruction };
/** A long campaign takes minutes for each fork. */
const timeout = 600_000 + 60_000 * perInstruction;

const own: Candidate = { name: '@devp2p/node', createEvm: ownEvm, errors: 'exact' };
const library: Candidate = {
  name: '@ethereumjs/evm',
  createEvm: libraryEvm,
  // Some failures of its precompiled contracts are reverts.
  errors: 'success',
  // It awaits each instruction.
  oneIn: perInstruction > 20 ? 10 : 1,
  skips: (fork, { to }, { output }) => {
    if (to !== undefined) return false;
    // It reports a failure when the code of a new contract cannot be paid for, but keeps its changes.
    if (fork === 'frontier') return true;
    // It takes reverted output for code, which must not begin with this byte (EIP-3541).
    return isAtLeast(fork, 'london') && output.startsWith('0xef');
  },
};

describe('generated messages in the EVM of go-ethereum', () => {
  const geth = new GethEvm();
  afterAll(() => geth[Symbol.asyncDispose]());

  test.each(tested)(
    'ND-07 %s: gas, output, error, refund, logs, accesses and state root are the same',
    async (fork) => {
      // The library has an earlier draft of Amsterdam.
      const candidates = isAtLeast(fork, 'amsterdam') ? [own] : [own, library];
      const { messages, differences } = await runCampaign(fork, size, Number(OPCODES_SEED), geth, candidates);
      if (OPCODES !== undefined) {
        const { length } = instructionsOf(fork);
        const found = [...differences].map(([name, { length: count }]) => `${count} differences of ${name}`);
        console.log(
          `${fork}: ${perInstruction} programs for each of ${length} instructions, ${size.programs} random programs, ` +
            `${messages} messages with their variants, ${found.join(', ')}`,
        );
      }
      for (const [name, found] of differences) expect(found, `${name}, of ${messages} messages`).toEqual([]);
    },
    timeout,
  );
});
