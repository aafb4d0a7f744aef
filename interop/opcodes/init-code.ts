import type { Random } from '../../test/fuzz/random.ts';
import { Code } from './code.ts';
import { knownAddresses } from './world.ts';

/** Init code that deploys given code. */
export function deploying(runtime: Uint8Array): Uint8Array {
  // Its own length is 14 bytes.
  const code = new Code().push(BigInt(runtime.length), 2).add(14, 0, 'CODECOPY');
  return code.push(BigInt(runtime.length), 2).add(0, 'RETURN').raw(runtime).bytes();
}

/** Code of a contract that is called in the transaction that creates it. */
function runtimeCode(random: Random): Uint8Array {
  const code = new Code();
  switch (random.below(4)) {
    case 0:
      // Also in favour of itself.
      code.add(random.oneIn(3) ? 'ADDRESS' : random.pick(knownAddresses), 'SELFDESTRUCT');
      break;
    case 1:
      code.add(1, 0, 'SLOAD', 'ADD', 0, 'SSTORE', 0, 'SLOAD', 0, 'MSTORE', 32, 0, 'RETURN');
      break;
    case 2:
      // Removes itself, or writes storage, as the first byte of calldata says.
      code.add(0, 'CALLDATALOAD', 248, 'SWAP1').add(8, 'JUMPI', 'STOP');
      code.add('JUMPDEST', 5, 1, 'SSTORE', 'CALLER', 'SELFDESTRUCT');
      break;
    default:
      code.add('CODESIZE', 0, 0, 'CODECOPY', 'CODESIZE', 0, 'RETURN');
  }
  return code.bytes();
}

/** Init code: of contracts of all lengths, also invalid ones, and with effects of its own. */
export function initCode(random: Random): Uint8Array {
  const code = new Code();
  switch (random.below(11)) {
    case 0:
      // Deploys nothing.
      break;
    case 1:
      // Deploys zeros: the length decides.
      code.add(random.pick([1, 31, 32, 100, 24_575, 24_576, 24_577, 49_152, 49_153, 65_536]), 0, 'RETURN');
      break;
    case 2:
      // Deploys code that begins with a given byte.
      code.add(random.pick([0xef, 0xfe, 0x60]), 0, 'MSTORE8', random.pick([1, 3, 23]), 0, 'RETURN');
      break;
    case 3:
      code.add(random.below(256), 0, 'MSTORE', 32, random.below(40), 'REVERT');
      break;
    case 4:
      code.add('INVALID');
      break;
    case 5:
      // Writes storage, also to what it wrote before.
      code.add(random.below(3), 1, 'SSTORE', random.below(3), 1, 'SSTORE', 'ADDRESS', 'BALANCE', 2, 'SSTORE');
      code.add(1, 0, 'RETURN');
      break;
    case 6:
      code.push(random.pick(knownAddresses), 20).add('SELFDESTRUCT');
      break;
    case 7:
      // Creates another contract, and reports what it sees of itself.
      code.add(0, 0, 0, 'CREATE', 'CODESIZE', 'ADDRESS', 'EXTCODESIZE', 'CALLDATASIZE', 'CALLER');
      code.add(0, 'MSTORE', 32, 'MSTORE', 64, 'MSTORE', 96, 'MSTORE', 'POP', 128, 0, 'LOG0');
      code.add(random.pick([0, 10]), 0, 'RETURN');
      break;
    case 8:
    case 9:
      return deploying(runtimeCode(random));
    default:
      // Calls a contract, which may call back.
      code.add(0, 0, 32, 0, 'CALLVALUE').push(random.pick(knownAddresses), 20).add('GAS', 'CALL', 1, 'SSTORE');
  }
  return code.bytes();
}
