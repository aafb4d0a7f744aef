import { describe, expect, test } from 'vitest';
import { libraryEvm } from './case-evms.ts';
import { caller, caseForks, contract, type OpcodeCase, runCase } from './opcode-case.ts';

const other = '0x00000000000000000000000000000000000000ee';

describe('the EVM of the library on the state of a block', () => {
  test.each(caseForks)('%s: arithmetic and storage', async (fork) => {
    // SSTORE(1, 2 + 3)
    const given: OpcodeCase = { id: fork, fork, code: '0x600260030160015500', gas: 200_000 };
    const result = await runCase(given, libraryEvm);
    expect(result.status).toBe('success');
    expect(result.state.find(([address]) => address === contract)?.[4]).toEqual([
      [`0x${'1'.padStart(64, '0')}`, '0x5'],
    ]);
  });

  test('a call that reverts leaves nothing behind', async () => {
    const given: OpcodeCase = {
      id: 'revert',
      fork: 'cancun',
      // SSTORE(1, 1); LOG0; TSTORE(0, 1); REVERT
      code: '0x600160015560006000a0600160005d60006000fd',
      gas: 100_000,
      value: '0x5',
    };
    const result = await runCase(given, libraryEvm);
    expect(result.status).toBe('revert');
    expect(result.logs).toEqual([]);
    expect(result.state.map(([address, nonce, , , storage]) => [address, nonce, storage])).toEqual([
      [contract, 1, []],
      [caller, 1, []],
    ]);
  });

  test('a call of another contract', async () => {
    const given: OpcodeCase = {
      id: 'call',
      fork: 'prague',
      // CALL(GAS, other, 1, 0, 0, 0, 32), RETURN(0, 32)
      code: '0x6020600060006000600160ee5af15060206000f3',
      gas: 100_000,
      // CALLVALUE, MSTORE(0), RETURN(0, 32)
      accounts: { [other]: { code: '0x3460005260206000f3' } },
    };
    const result = await runCase(given, libraryEvm);
    expect(result.output).toBe(`0x${'1'.padStart(64, '0')}`);
    expect(result.state.find(([address]) => address === other)?.[2]).toBe('0x1');
  });
});
