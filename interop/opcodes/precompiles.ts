import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type Random, seedOf } from '../../test/fuzz/random.ts';
import { moduleFolder } from '../geth.ts';
import { type Candidate, emptyReport, type Report, runMessages } from './campaign.ts';
import { type Fork, isAtLeast } from './forks.ts';
import type { GethEvm } from './geth-evm.ts';
import type { Message } from './message.ts';
import { addressOf, createWorld, sender } from './world.ts';

/** Files with vectors in the sources of go-ethereum, and the contract that they are for. */
const files: Readonly<Record<string, number>> = {
  ecRecover: 0x01,
  modexp: 0x05,
  modexp_eip2565: 0x05,
  modexp_eip7883: 0x05,
  bn256Add: 0x06,
  bn256ScalarMul: 0x07,
  bn256Pairing: 0x08,
  blake2F: 0x09,
  'fail-blake2f': 0x09,
  pointEvaluation: 0x0a,
  blsG1Add: 0x0b,
  'fail-blsG1Add': 0x0b,
  blsG1Mul: 0x0c,
  'fail-blsG1Mul': 0x0c,
  blsG1MultiExp: 0x0c,
  'fail-blsG1MultiExp': 0x0c,
  blsG2Add: 0x0d,
  'fail-blsG2Add': 0x0d,
  blsG2Mul: 0x0e,
  'fail-blsG2Mul': 0x0e,
  blsG2MultiExp: 0x0e,
  'fail-blsG2MultiExp': 0x0e,
  blsPairing: 0x0f,
  'fail-blsPairing': 0x0f,
  blsMapG1: 0x10,
  'fail-blsMapG1': 0x10,
  blsMapG2: 0x11,
  'fail-blsMapG2': 0x11,
  p256Verify: 0x100,
};

/** An input of a precompiled contract. */
interface Vector {
  readonly title: string;
  readonly address: number;
  readonly input: Uint8Array;
}

let known: readonly Vector[] | undefined;

/** The vectors of go-ethereum, and inputs of the contracts that have none. */
function vectors(): readonly Vector[] {
  if (known !== undefined) return known;
  const folder = join(moduleFolder(), 'core/vm/testdata/precompiles');
  const all: Vector[] = Object.entries(files).flatMap(([file, address]) => {
    const entries = JSON.parse(readFileSync(join(folder, `${file}.json`), 'utf8')) as { Name: string; Input: string }[];
    return entries.map(({ Name, Input }) => ({
      title: `${file} ${Name}`,
      address,
      input: Uint8Array.from(Buffer.from(Input, 'hex')),
    }));
  });
  for (const address of [0x02, 0x03, 0x04]) {
    for (const length of [0, 1, 31, 32, 33, 55, 56, 64, 119, 1_000]) {
      const input = Uint8Array.from({ length }, (_, at) => at * 7);
      all.push({ title: `address ${address}, ${length} bytes`, address, input });
    }
  }
  known = all;
  return all;
}

/** The first fork with each contract. */
function sinceOf(address: number): Fork {
  if (address <= 0x04) return 'frontier';
  if (address <= 0x08) return 'byzantium';
  if (address === 0x09) return 'istanbul';
  if (address === 0x0a) return 'cancun';
  return address <= 0x11 ? 'prague' : 'osaka';
}

/** An input with a byte changed, added, repeated or missing. */
function mutated({ title, address, input }: Vector, random: Random): Vector {
  const copy = [...input];
  const at = random.below(copy.length + 1);
  switch (random.below(4)) {
    case 0:
      copy[Math.min(at, Math.max(0, copy.length - 1))] = random.below(256);
      break;
    case 1:
      copy.splice(at, 0, random.below(256));
      break;
    case 2:
      copy.splice(at, 1 + random.below(40));
      break;
    default:
      // Zeros for a word or a coordinate.
      copy.fill(random.pick([0, 0, 0xff]), at - (at % 32), at - (at % 32) + 32);
  }
  return { title: `${title}, changed`, address, input: Uint8Array.from(copy) };
}

/** How many vectors run. */
export interface PrecompileSize {
  /** Changed inputs for each vector. */
  readonly changes: number;
  /** One in how many vectors of each file runs. */
  readonly oneIn: number;
  /** Longer inputs, in bytes, are left out: they take seconds each. */
  readonly longest: number;
}

/**
 * Runs the vectors of all precompiled contracts of a fork in go-ethereum and in the candidates: with enough gas, with
 * what they use and less, and with changed inputs. Contracts that the fork does not have yet get some of the vectors.
 */
export async function runPrecompiles(
  fork: Fork,
  { changes, oneIn, longest }: PrecompileSize,
  seed: number,
  geth: GethEvm,
  candidates: readonly Candidate[],
): Promise<Report> {
  const report = emptyReport(candidates);
  const random = createRandom(seedOf(seed, `${fork} precompiles`));
  const world = createWorld(fork, random);
  const given = vectors().filter(({ address, input }) => {
    if (input.length > longest) return false;
    return random.oneIn(isAtLeast(fork, sinceOf(address)) ? oneIn : 20 * oneIn);
  });
  for (const vector of given) {
    const all = [vector, ...Array.from({ length: changes }, () => mutated(vector, random))];
    const messages = all.map((entry) => messageOf(entry, random));
    await runMessages(world, messages, () => true, random, geth, candidates, report);
  }
  return report;
}

function messageOf({ title, address, input }: Vector, random: Random): Message {
  return {
    title,
    caller: sender,
    to: addressOf(address),
    data: `0x${Buffer.from(input).toString('hex')}`,
    value: random.pick(['0x0', '0x0', '0x1']),
    gas: 1_000_000_000,
    stateGas: 0,
    gasPrice: '0x0',
    blobHashes: [],
    code: {},
  };
}
