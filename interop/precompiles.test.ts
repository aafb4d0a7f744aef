import { env } from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import type { Candidate } from './opcodes/campaign.ts';
import { ownEvm } from './opcodes/evms.ts';
import { type Fork, forks } from './opcodes/forks.ts';
import { GethEvm } from './opcodes/geth-evm.ts';
import { type PrecompileSize, runPrecompiles } from './opcodes/precompiles.ts';

const { OPCODES, OPCODES_SEED = '1', OPCODES_FORKS } = env;
/** Whether all vectors run, in all forks. */
const isWhole = OPCODES !== undefined;

/** Forks that add a precompiled contract or change what one costs. */
const changing: readonly Fork[] = ['frontier', 'byzantium', 'istanbul', 'berlin', 'cancun', 'osaka', 'amsterdam'];
const tested = (isWhole ? forks : changing).filter((fork) => OPCODES_FORKS?.split(',').includes(fork) ?? true);
const size: PrecompileSize = isWhole
  ? { changes: 3, oneIn: 1, longest: Number.POSITIVE_INFINITY }
  : { changes: 0, oneIn: 20, longest: 5_000 };
const timeout = isWhole ? 2 * 3_600_000 : 600_000;

const own: Candidate = { name: '@devp2p/node', createEvm: ownEvm, errors: 'exact' };

describe("go-ethereum's vectors of precompiled contracts", () => {
  const geth = new GethEvm();
  afterAll(() => geth[Symbol.asyncDispose]());

  test.each(tested)(
    'ND-07 %s: gas, output, error and state root are the same',
    async (fork) => {
      const { messages, differences } = await runPrecompiles(fork, size, Number(OPCODES_SEED), geth, [own]);
      if (isWhole) console.log(`${fork}: ${messages} messages`);
      for (const [name, found] of differences) expect(found, `${name}, of ${messages} messages`).toEqual([]);
    },
    timeout,
  );
});
