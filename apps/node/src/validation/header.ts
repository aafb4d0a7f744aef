import { equalBytes, isZero, toHex } from '@devp2p/bytes';
import type { Header, SealedHeader } from '@devp2p/eth';
import { BlockError, type BlockErrorCode } from '../errors/chain-error.ts';
import { cliqueSeal } from './block-author.ts';
import { blobParameters, type ChainConfig, type TimeFork } from './chain-config.ts';
import { workDifficulty } from './difficulty.ts';
import { emptyListHash } from './empty-roots.ts';
import { elasticity, gasPerBlob, nextBaseFee, nextExcessBlobGas } from './fees.ts';

/** Values that a header is checked against. */
export interface HeaderContext {
  readonly config: ChainConfig;
  readonly parent: SealedHeader;
  /** Sum of all difficulties up to the parent; absent for an uncle, whose position relative to the merge is not checked. */
  readonly parentTotalDifficulty?: bigint;
  /** Seconds since the epoch; absent for an uncle, which is older than its block. */
  readonly now?: number;
}

const minGasLimit = 5000;
/** Value of go-ethereum. */
const maxGasLimit = 2n ** 63n - 1n;
const gasLimitBoundDivisor = 1024n;
const maxExtraData = 32;
/** Seconds that a proof-of-work block may be ahead of the clock (value of go-ethereum). */
const maxFutureTime = 15;
/** "dao-hard-fork" */
const daoExtraData: Uint8Array = Uint8Array.from('dao-hard-fork', (c) => c.charCodeAt(0));
const daoExtraRange = 10;
/** Clique (EIP-225): bytes of the extra data that the signer chooses. */
const cliqueVanity = 32;

/**
 * Checks a header by all rules that need only its parent.
 *
 * The seal is not checked: neither the proof of work (ethash) nor the signature and turn of a Clique signer. Proof-of-
 * stake blocks may be in the future, since the consensus layer checks their time (EIP-3675).
 *
 * @throws BlockError
 */
export function checkHeader(header: SealedHeader, context: HeaderContext): void {
  const { config, parent } = context;
  if (!equalBytes(header.parentHash, parent.hash)) {
    const given = toHex(header.parentHash);
    fail('unknown-parent', header, `parent is 0x${given}, not the block before, 0x${toHex(parent.hash)}`);
  }
  if (header.number !== parent.number + 1) {
    fail('number', header, `number ${header.number} does not follow block ${parent.number}`);
  }
  if (header.timestamp <= parent.timestamp) {
    fail('timestamp', header, `timestamp ${header.timestamp} is not after its parent's, ${parent.timestamp}`);
  }
  checkFields(header, config);
  checkGas(header, parent, config);
  if (header.baseFeePerGas !== undefined) {
    const expected = nextBaseFee(config, parent);
    if (header.baseFeePerGas !== expected) {
      fail('base-fee', header, `base fee is ${header.baseFeePerGas}, not ${expected}`);
    }
  }
  checkMerge(header, context);
  if (header.difficulty === 0n) checkStake(header);
  else {
    // Neither engine supports Shanghai (go-ethereum).
    if (header.withdrawalsRoot !== undefined) {
      fail('unexpected-field', header, 'withdrawalsRoot is set, which only proof-of-stake blocks have');
    }
    if (config.clique !== undefined) checkAuthority(header, context, config.clique);
    else checkWork(header, context);
  }
  checkBlobGas(header, parent, config);
}

function fail(code: BlockErrorCode, header: Header, reason: string): never {
  throw new BlockError(code, header.number, reason);
}

/** Optional fields and the fork that added each. */
const fieldForks = [
  ['withdrawalsRoot', 'shanghai'],
  ['blobGasUsed', 'cancun'],
  ['excessBlobGas', 'cancun'],
  ['parentBeaconBlockRoot', 'cancun'],
  ['requestsHash', 'prague'],
  ['blockAccessListHash', 'amsterdam'],
  ['slotNumber', 'amsterdam'],
] as const satisfies readonly (readonly [keyof Header, TimeFork])[];

function checkFields(header: Header, config: ChainConfig): void {
  const london = header.number >= config.forks.london;
  requireField(header, 'baseFeePerGas', london, 'London');
  for (const [field, fork] of fieldForks) {
    requireField(header, field, london && header.timestamp >= config.forks[fork], fork);
  }
}

function requireField(header: Header, field: keyof Header, wanted: boolean, fork: string): void {
  if (wanted === (header[field] !== undefined)) return;
  if (wanted) fail('missing-field', header, `${field} is missing, which blocks have since ${fork}`);
  fail('unexpected-field', header, `${field} is set, which blocks have only from ${fork} on`);
}

function checkGas(header: Header, parent: Header, config: ChainConfig): void {
  const { gasUsed } = header;
  const gasLimit = BigInt(header.gasLimit);
  if (gasUsed > gasLimit) {
    fail('gas-used', header, `gas used, ${gasUsed}, is more than the gas limit, ${gasLimit}`);
  }
  const firstOfLondon = header.number === config.forks.london;
  const before = BigInt(parent.gasLimit) * (firstOfLondon ? elasticity : 1n);
  const change = gasLimit > before ? gasLimit - before : before - gasLimit;
  if (change >= before / gasLimitBoundDivisor) {
    fail('gas-limit', header, `gas limit ${gasLimit} is too far from its parent's, ${before}`);
  }
  if (gasLimit < minGasLimit || gasLimit > maxGasLimit) {
    const [bound, limit] = gasLimit < minGasLimit ? ['below', minGasLimit] : ['above', maxGasLimit];
    fail('gas-limit', header, `gas limit ${gasLimit} is ${bound} ${limit}`);
  }
}

function checkMerge(header: Header, { config, parent, parentTotalDifficulty }: HeaderContext): void {
  const stake = header.difficulty === 0n;
  if (!stake && parent.difficulty === 0n && parent.number > 0) {
    fail('merge', header, 'difficulty above 0 after the merge');
  }
  if (parentTotalDifficulty === undefined) return;
  const terminal = config.terminalTotalDifficulty;
  const reached = terminal !== undefined && parentTotalDifficulty >= terminal;
  if (stake === reached) return;
  const total = `total difficulty so far is ${parentTotalDifficulty}, the terminal one ${terminal ?? 'not set'}`;
  fail('merge', header, `difficulty ${header.difficulty}, but the ${total}`);
}

/** Constants of blocks after the merge (EIP-3675). */
function checkStake(header: Header): void {
  checkExtraData(header);
  if (!isZero(header.nonce)) fail('nonce', header, `nonce is 0x${toHex(header.nonce)}, not 0`);
  if (!equalBytes(header.unclesHash, emptyListHash)) {
    fail('uncles-hash', header, 'uncles after the merge');
  }
}

function checkWork(header: Header, { config, parent, now }: HeaderContext): void {
  checkExtraData(header);
  checkFuture(header, now);
  const expected = workDifficulty(config, parent, header.timestamp);
  if (header.difficulty !== expected) {
    fail('difficulty', header, `difficulty is ${header.difficulty}, not ${expected}`);
  }
  const sinceDao = header.number - Number(config.forks.daoFork);
  if (sinceDao >= 0 && sinceDao < daoExtraRange) {
    if (equalBytes(header.extraData, daoExtraData) !== config.daoForkSupport) {
      const wrong = config.daoForkSupport ? 'lacks' : 'bears';
      fail('extra-data', header, `extra data ${wrong} the mark of the DAO fork`);
    }
  }
}

/** Checks the rules of Clique that need no list of signers (EIP-225). */
function checkAuthority(
  header: Header,
  { parent, now }: HeaderContext,
  { period, epoch }: NonNullable<ChainConfig['clique']>,
): void {
  const checkpoint = header.number % epoch === 0;
  const { nonce, extraData } = header;
  checkFuture(header, now);
  if (header.timestamp < parent.timestamp + period) {
    fail('timestamp', header, `timestamp ${header.timestamp} is less than ${period} s after its parent's`);
  }
  const against = isZero(nonce);
  if (!against && (checkpoint || nonce.some((byte) => byte !== 0xff))) {
    fail('nonce', header, `nonce 0x${toHex(nonce)} is not a valid vote`);
  }
  if (checkpoint && !isZero(header.beneficiary)) {
    fail('nonce', header, 'a checkpoint block has a vote');
  }
  const signers = extraData.length - cliqueVanity - cliqueSeal;
  if (signers < 0 || (checkpoint ? signers % 20 : signers) !== 0) {
    fail('extra-data', header, `${extraData.length} bytes of extra data do not have the form of Clique`);
  }
  if (!isZero(header.mixHash)) fail('mix-hash', header, 'mix hash is not zero');
  if (!equalBytes(header.unclesHash, emptyListHash)) {
    fail('uncles-hash', header, 'uncles in a proof-of-authority block');
  }
  if (header.difficulty > 2n) {
    fail('difficulty', header, `difficulty is ${header.difficulty}, not 1 or 2`);
  }
}

function checkExtraData(header: Header): void {
  const { length } = header.extraData;
  if (length > maxExtraData) {
    fail('extra-data', header, `${length} bytes of extra data, more than ${maxExtraData}`);
  }
}

function checkFuture(header: Header, now: number | undefined): void {
  if (now !== undefined && header.timestamp > now + maxFutureTime) {
    const ahead = header.timestamp - Math.floor(now);
    fail('future', header, `timestamp is ${ahead} s ahead of this machine's clock`);
  }
}

function checkBlobGas(header: Header, parent: Header, config: ChainConfig): void {
  const { blobGasUsed, excessBlobGas, timestamp } = header;
  const blobs = blobParameters(config, timestamp);
  if (blobGasUsed === undefined || blobs === undefined) return;
  if (blobGasUsed % gasPerBlob !== 0 || blobGasUsed > blobs.max * gasPerBlob) {
    fail('blob-gas', header, `blob gas used, ${blobGasUsed}, is not that of 0 to ${blobs.max} blobs`);
  }
  const expected = nextExcessBlobGas(config, blobs, parent, timestamp);
  if (excessBlobGas !== expected) {
    fail('excess-blob-gas', header, `excess blob gas is ${excessBlobGas}, not ${expected}`);
  }
}
