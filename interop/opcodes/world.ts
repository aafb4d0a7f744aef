import type { Random } from '../../test/fuzz/random.ts';
import { Code } from './code.ts';
import { configJson, type Fork, isAtLeast } from './forks.ts';
import type { Account, World } from './message.ts';

/** An address with a number as its last bytes. */
export function addressOf(number: number): string {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

function wordText(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

/** The sender of all messages. */
export const sender: string = addressOf(0xa1);
/** The account whose code is replaced for each message. */
export const subject: string = addressOf(0xc0);
/** Further accounts whose code may be replaced. */
export const partners: readonly string[] = [addressOf(0xb1), addressOf(0xb2), addressOf(0xb3)];

/** Contracts that call the subject with all calldata and gas, and return its success and what it returned. */
export const wrappers = {
  STATICCALL: addressOf(0xd0),
  DELEGATECALL: addressOf(0xd1),
  CALLCODE: addressOf(0xd2),
  CALL: addressOf(0xd3),
} as const;
export type Wrapper = keyof typeof wrappers;

function wrapper(instruction: Wrapper): Code {
  const code = new Code().add('CALLDATASIZE', 0, 0, 'CALLDATACOPY');
  // Output of 64 bytes at 32, input of all calldata at 0.
  code.add(64, 32, 'CALLDATASIZE', 0);
  if (instruction === 'CALL' || instruction === 'CALLCODE') code.add('CALLVALUE');
  code.add(BigInt(subject));
  // Before EIP-150 a call cannot ask for more gas than there is after its own cost.
  code.add(60_000, 'GAS', 'SUB', instruction, 0, 'MSTORE', 96, 0, 'RETURN');
  return code;
}

/** Contracts that messages call, by address. */
const contracts: Readonly<Record<string, Code>> = {
  // Returns its calldata.
  [addressOf(0xe1)]: new Code().add('CALLDATASIZE', 0, 0, 'CALLDATACOPY', 'CALLDATASIZE', 0, 'RETURN'),
  // Reverts with its calldata.
  [addressOf(0xe2)]: new Code().add('CALLDATASIZE', 0, 0, 'CALLDATACOPY', 'CALLDATASIZE', 0, 'REVERT'),
  // Uses all gas.
  [addressOf(0xe3)]: new Code().add('INVALID'),
  // Writes the first word of calldata to the slot in the second.
  [addressOf(0xe4)]: new Code().add(0, 'CALLDATALOAD', 32, 'CALLDATALOAD', 'SSTORE'),
  // Returns what it sees of its frame, and logs.
  [addressOf(0xe5)]: new Code()
    .add('GAS', 0, 'MSTORE', 'CALLER', 32, 'MSTORE', 'ADDRESS', 64, 'MSTORE', 'CALLVALUE', 96, 'MSTORE')
    .add('ORIGIN', 128, 'MSTORE', 'CALLDATASIZE', 160, 'MSTORE', 7, 32, 0, 'LOG1', 192, 0, 'RETURN'),
  // Removes itself in favour of the address in calldata.
  [addressOf(0xe6)]: new Code().add(0, 'CALLDATALOAD', 'SELFDESTRUCT'),
  // Calls itself as deep as gas permits, and writes the gas of the innermost frames.
  [addressOf(0xe7)]: new Code().add(0, 0, 0, 0, 0, 'ADDRESS', 3_000, 'GAS', 'SUB', 'CALL', 'GAS', 'SSTORE'),
  // Creates a contract from calldata with the value, and returns its address.
  [addressOf(0xe8)]: new Code().add(
    'CALLDATASIZE',
    0,
    0,
    'CALLDATACOPY',
    'CALLDATASIZE',
    0,
    'CALLVALUE',
    'CREATE',
    0,
    'MSTORE',
    32,
    0,
    'RETURN',
  ),
  // Does not end.
  [addressOf(0xe9)]: new Code().add('JUMPDEST', 0, 'JUMP'),
  // Adds one to a counter, in transient storage where the first word of calldata says so.
  [addressOf(0xea)]: new Code().add(1, 5, 'SLOAD', 'ADD', 5, 'SSTORE', 1, 5, 'TLOAD', 'ADD', 5, 'TSTORE'),
  // A delegation (EIP-7702) to the contract that returns its frame; before Prague, code that is not valid.
  [addressOf(0xeb)]: new Code().raw(Buffer.from(`ef0100${addressOf(0xe5).slice(2)}`, 'hex')),
  // A delegation to itself, and one to a precompiled contract.
  [addressOf(0xec)]: new Code().raw(Buffer.from(`ef0100${addressOf(0xec).slice(2)}`, 'hex')),
  [addressOf(0xed)]: new Code().raw(Buffer.from(`ef0100${addressOf(4).slice(2)}`, 'hex')),
};

const withBalance = addressOf(0xf1);
const empty = addressOf(0xf2);
const absent = addressOf(0xf3);
/** An account whose nonce cannot grow, so that it creates nothing. */
export const exhausted: string = addressOf(0xf4);

/** Addresses that operands name: accounts of all kinds, precompiled contracts and their neighbours. */
export const knownAddresses: readonly bigint[] = [
  ...Object.keys(contracts),
  ...partners,
  sender,
  subject,
  withBalance,
  empty,
  absent,
  exhausted,
  ...Object.values(wrappers),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 17, 18, 0x100, 0x101].map(addressOf),
  // The beneficiaries of blocks.
  addressOf(0xcb),
].map(BigInt);

function account(fields: Partial<Account>): Account {
  return { balance: '0x0', nonce: '0x0', code: '0x', storage: {}, ...fields };
}

/** A block of a fork with edges that `random` picks, and a state with the accounts above. */
export function createWorld(fork: Fork, random: Random): World {
  const isMerged = isAtLeast(fork, 'paris');
  const accounts: Record<string, Account> = {
    [sender]: account({ balance: '0x56bc75e2d63100000', nonce: '0x5' }),
    [subject]: account({
      balance: '0x3e8',
      nonce: '0x1',
      storage: {
        [wordText(1n)]: wordText(1n),
        [wordText(2n)]: wordText(2n ** 256n - 1n),
        [wordText(3n)]: wordText(0xdeadn),
        [wordText(2n ** 255n)]: wordText(2n),
      },
    }),
    [withBalance]: account({ balance: '0x7' }),
    [exhausted]: account({ balance: '0x5', nonce: `0x${'f'.repeat(16)}` }),
    [addressOf(0xcb)]: account({ balance: '0x1' }),
  };
  for (const partner of partners) {
    accounts[partner] = account({ balance: '0x64', nonce: '0x1', storage: { [wordText(1n)]: wordText(9n) } });
  }
  for (const [address, code] of Object.entries(contracts)) {
    accounts[address] = account({ nonce: '0x1', balance: '0x2', code: code.hex() });
  }
  for (const [name, address] of Object.entries(wrappers)) {
    accounts[address] = account({ nonce: '0x1', balance: '0xa', code: wrapper(name as Wrapper).hex() });
  }
  // There are empty accounts only where EIP-161 is not in force, and in the blocks after it that clear them.
  if (!isAtLeast(fork, 'paris')) {
    accounts[empty] = account({});
    accounts[addressOf(3)] = account({});
  }
  return {
    fork,
    config: configJson(fork),
    block: {
      number: random.pick([1, 255, 256, 257, 1_000, 20_000_000]),
      time: random.pick([1, 1_700_000_000, 2 ** 40]),
      coinbase: random.pick([addressOf(0xcb), addressOf(0xcc), sender]),
      gasLimit: random.pick([5_000, 30_000_000, 2 ** 53 - 1]),
      difficulty: isMerged ? '0x0' : random.pick(['0x20000', `0x1${'0'.repeat(40)}`]),
      ...(isMerged ? { random: `0x${Buffer.from(random.bytes(32)).toString('hex')}` } : {}),
      ...(isAtLeast(fork, 'london') ? { baseFee: random.pick(['0x7', '0x3b9aca00', `0x1${'0'.repeat(20)}`]) } : {}),
      ...(isAtLeast(fork, 'cancun') ? { excessBlobGas: random.pick([0, 131_072, 50_000_000, 400_000_000]) } : {}),
      slot: isAtLeast(fork, 'amsterdam') ? random.pick([0, 1, 12_345_678, 2 ** 53 - 1]) : 0,
    },
    accounts,
  };
}
