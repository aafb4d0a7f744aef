import { env } from 'node:process';
import { describe, expect, test } from 'vitest';
import { libraryEvm, ownEvm } from './case-evms.ts';
import { opcodeCase, opcodeShapes, programCase } from './generate-cases.ts';
import { type CaseFork, caseForks, contract, type OpcodeCase, type OpcodeResult, runCase } from './opcode-case.ts';

/** Cases for each opcode of each fork: `EVM_CASES=200 npx vitest run apps/node/test/execution/evm/differential`. */
const { EVM_CASES = '1' } = env;
const count = Number(EVM_CASES);

/** Checks that both EVMs have the same result. */
async function compare(given: OpcodeCase): Promise<OpcodeResult> {
  const own = await runCase(given, ownEvm);
  const expected = await runCase(given, libraryEvm);
  if (JSON.stringify(own) !== JSON.stringify(expected)) expect({ ...own, given }).toEqual({ ...expected, given });
  return own;
}

/**
 * In Amsterdam the library takes gas for the account of a contract, and records its access, before it checks whether the
 * creation is possible at all; go-ethereum does so afterwards. These cases are compared with go-ethereum alone.
 */
function mayCreate({ fork, code, accounts = {} }: OpcodeCase): boolean {
  if (fork !== 'amsterdam') return false;
  const codes = [code, ...Object.values(accounts).map((account) => account.code ?? '0x')];
  return codes.some((text) => [...Buffer.from(text.slice(2), 'hex')].some((byte) => byte === 0xf0 || byte === 0xf5));
}

describe.each(caseForks)('ND-07 code has the same result as in @ethereumjs/evm: %s', (fork) => {
  test('each opcode with operands at the edges', async () => {
    const statuses = new Set<string>();
    for (const shape of opcodeShapes) {
      for (let i = 0; i < count; i++) {
        const given = opcodeCase(fork, shape, i);
        if (!mayCreate(given)) statuses.add((await compare(given)).status);
      }
    }
    expect(statuses).toContain('success');
    expect(statuses).toContain('halt');
  });

  test('random programs', async () => {
    for (let i = 0; i < 20 * count; i++) {
      const given = programCase(fork, i);
      if (!mayCreate(given)) await compare(given);
    }
  });

  test('programs with less gas than they use', async () => {
    const shapes = opcodeShapes.filter(({ opcode }) => [0x20, 0x37, 0x54, 0x55, 0xa2, 0xf1, 0xf2].includes(opcode));
    for (const shape of shapes) {
      for (let i = 0; i < count; i++) {
        const given = { ...opcodeCase(fork, shape, i), gas: 400_000 };
        if (mayCreate(given)) continue;
        const { gasLeft, status } = await compare(given);
        if (status !== 'success') continue;
        const used = given.gas - gasLeft;
        for (let step = 1; step <= 12; step++) {
          await compare({ ...given, gas: Math.floor((used * step) / 12) - (step % 2) });
        }
      }
    }
  });
});

describe('calls within calls', () => {
  const forks: readonly CaseFork[] = ['byzantium', 'prague', 'amsterdam'];

  // CALL(GAS, ADDRESS, 0, 0, 0, 0, 0) and SSTORE(GAS, result)
  const recursive = '0x6000600060006000600030' + '5af15a5500';

  test.each(forks)('%s: a contract that calls itself until its gas or the depth ends', async (fork) => {
    const result = await compare({ id: 'deep', fork, code: recursive, gas: 20_000_000 });
    expect(result.status).toBe('success');
  });

  test.each(forks)('%s: init code that creates contracts with its own code', async (fork) => {
    if (fork === 'amsterdam') return;
    // CODECOPY(0, 0, CODESIZE), CREATE(1, 0, CODESIZE), RETURN(0, 2)
    const code = '0x386000600039' + '3860006001f0' + '60026000f3';
    const result = await compare({ id: 'creations', fork, code, gas: 2_000_000 });
    expect(result.state.length).toBeGreaterThan(3);
  });

  test.each(forks)('%s: a callee that reverts after changes leaves its output only', async (fork) => {
    const callee = '0x00000000000000000000000000000000000000ee';
    const result = await compare({
      id: 'revert',
      fork,
      // CALL(GAS, callee, 1, 0, 0, 0, 32), MSTORE(32, result), RETURN(0, 64)
      code: '0x60206000600060006001' + '60ee5af1602052' + '60406000f3',
      gas: 1_000_000,
      // SSTORE(1, 1), LOG0(0, 0), MSTORE(0, 7), REVERT(0, 32)
      accounts: { [callee]: { nonce: 1, code: '0x6001600155' + '60006000a0' + '6007600052' + '60206000fd' } },
    });
    expect(result.output).toBe(`0x${'7'.padStart(64, '0')}${'0'.repeat(64)}`);
    expect(result.state.find(([address]) => address === callee)?.[4]).toEqual([]);
    expect(result.logs.filter(({ address }) => address === callee)).toEqual([]);
    expect(result.state.find(([address]) => address === contract)?.[2]).toBe('0x10000000000000000');
  });
});
