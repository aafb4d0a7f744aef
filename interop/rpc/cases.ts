import type { Case } from './compare.ts';

/** Reads a block as JSON-RPC shows it. */
export type ReadBlock = (number: number) => Promise<{
  readonly hash: string;
  readonly transactions: readonly { readonly hash: string; readonly from: string; readonly to: string | null }[];
}>;

/** What the requests over a chain are made of. */
export interface ChainSample {
  readonly head: number;
  /** Blocks with transactions of all types, and other ones. */
  readonly blocks: readonly number[];
  /** Blocks whose state is read. */
  readonly states: readonly number[];
  /** Accounts, some of them contracts. */
  readonly accounts: readonly string[];
  /** A contract with storage, and slots of it. */
  readonly contract: string;
  readonly slots: readonly string[];
  /** An account with ether. */
  readonly sender: string;
}

const unknownHash = `0x${'22'.repeat(32)}`;
const nobody = `0x${'77'.repeat(20)}`;
const quantity = (value: number): string => `0x${value.toString(16)}`;
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
const withCode = (code: string) => ({ [nobody]: { code } });

/** Requests over a chain, for every method that both nodes may have. */
export async function casesOf(sample: ChainSample, read: ReadBlock): Promise<readonly Case[]> {
  const cases: Case[] = [];
  const add = (name: string, method: string, ...params: unknown[]): void => {
    cases.push({ name: `${method} ${name}`, method, params });
  };
  for (const method of [
    'eth_chainId',
    'eth_blockNumber',
    'eth_accounts',
    'eth_coinbase',
    'eth_syncing',
    'eth_config',
  ]) {
    add('', method);
  }
  add('', 'eth_capabilities');
  add('', 'net_version');
  add('', 'net_listening');
  add('', 'web3_sha3', '0x68656c6c6f');
  await addBlocks(sample, read, add);
  addStates(sample, add);
  addCalls(sample, add);
  addFees(sample, add);
  addFilled(sample, add);
  await addLogs(sample, read, add);
  await addDebug(sample, read, add);
  addRefused(sample, add);
  return cases;
}

type Add = (name: string, method: string, ...params: unknown[]) => void;

async function addBlocks({ blocks, head }: ChainSample, read: ReadBlock, add: Add): Promise<void> {
  const ids = [...blocks.map(quantity), 'earliest', 'latest'];
  for (const id of ids) {
    for (const whole of [false, true]) add(`${id} ${whole}`, 'eth_getBlockByNumber', id, whole);
    add(id, 'eth_getHeaderByNumber', id);
    add(id, 'eth_getBlockReceipts', id);
    add(id, 'eth_getBlockTransactionCountByNumber', id);
    add(id, 'eth_getUncleCountByBlockNumber', id);
    add(id, 'eth_getUncleByBlockNumberAndIndex', id, '0x0');
    add(id, 'eth_getTransactionByBlockNumberAndIndex', id, '0x0');
    add(id, 'eth_getRawTransactionByBlockNumberAndIndex', id, '0x0');
    add(`${id} beyond`, 'eth_getTransactionByBlockNumberAndIndex', id, '0xffff');
  }
  for (const number of blocks) {
    const { hash, transactions } = await read(number);
    const at = `of ${number}`;
    for (const whole of [false, true]) add(`${at} ${whole}`, 'eth_getBlockByHash', hash, whole);
    add(at, 'eth_getHeaderByHash', hash);
    add(at, 'eth_getBlockReceipts', hash);
    add(`${at} by object`, 'eth_getBlockReceipts', { blockHash: hash });
    add(at, 'eth_getBlockTransactionCountByHash', hash);
    add(at, 'eth_getUncleCountByBlockHash', hash);
    add(at, 'eth_getTransactionByBlockHashAndIndex', hash, '0x0');
    add(at, 'eth_getRawTransactionByBlockHashAndIndex', hash, '0x0');
    for (const [i, transaction] of transactions.slice(0, 6).entries()) {
      for (const method of ['eth_getTransactionByHash', 'eth_getTransactionReceipt', 'eth_getRawTransactionByHash']) {
        add(`${at} ${i}`, method, transaction.hash);
      }
    }
  }
  const beyond = quantity(head + 1);
  for (const id of [beyond, 'pending', 'safe', 'finalized']) {
    add(id, 'eth_getBlockByNumber', id, false);
    add(id, 'eth_getBlockReceipts', id);
    add(id, 'eth_getBlockTransactionCountByNumber', id);
    add(id, 'eth_getHeaderByNumber', id);
    add(id, 'eth_getTransactionByBlockNumberAndIndex', id, '0x0');
  }
  for (const method of [
    'eth_getBlockReceipts',
    'eth_getBlockTransactionCountByHash',
    'eth_getUncleCountByBlockHash',
    'eth_getHeaderByHash',
    'eth_getTransactionByHash',
    'eth_getTransactionReceipt',
    'eth_getRawTransactionByHash',
  ]) {
    add('unknown', method, unknownHash);
  }
  add('unknown', 'eth_getBlockByHash', unknownHash, true);
}

function addStates({ states, accounts, contract, slots, sender }: ChainSample, add: Add): void {
  for (const id of [...states.map(quantity), 'latest', 'pending']) {
    for (const account of [...accounts, nobody]) {
      const at = `${account.slice(0, 10)} ${id}`;
      add(at, 'eth_getBalance', account, id);
      add(at, 'eth_getCode', account, id);
      add(at, 'eth_getTransactionCount', account, id);
      if (id !== 'pending' && account !== nobody) add(at, 'eth_getProof', account, ['0x0', word(1)], id);
    }
    if (id !== 'pending') add(id, 'eth_getProof', contract, [...slots, '0x123456'], id);
    for (const slot of slots) add(`${slot.slice(-8)} ${id}`, 'eth_getStorageAt', contract, slot, id);
    add(id, 'eth_getStorageValues', { [contract]: slots.map((slot) => word(Number(slot))), [nobody]: [word(0)] }, id);
  }
  add('absent', 'eth_getProof', nobody, ['0x0'], 'latest');
  add('pending', 'eth_getProof', sender, [], 'pending');
}

function addCalls({ contract, sender, states }: ChainSample, add: Add): void {
  const ids = [...states.map(quantity), 'latest'];
  for (const id of ids) {
    add(`contract ${id}`, 'eth_call', { to: contract, from: sender }, id);
    add(`contract ${id}`, 'eth_estimateGas', { to: contract, from: sender }, id);
    add(`contract ${id}`, 'eth_createAccessList', { to: contract, from: sender }, id);
    add(`transfer ${id}`, 'eth_estimateGas', { to: nobody, from: sender, value: '0x1' }, id);
  }
  const error = `0x08c379a0${word(32).slice(2)}${word(5).slice(2)}${'68656c6c6f'.padEnd(64, '0')}`;
  const codes: readonly (readonly [string, string, string])[] = [
    ['echo', '0x365f5f37365ff3', '0x1234'],
    ['revert with a reason', '0x365f5f37365ffd', error],
    ['revert with a panic', '0x365f5f37365ffd', `0x4e487b71${word(0x11).slice(2)}`],
    ['revert without bytes', '0x365f5f37365ffd', '0x'],
    ['invalid instruction', '0xfe', '0x'],
    ['stack underflow', '0x01', '0x'],
    ['bad jump', '0x600456', '0x'],
    ['block', '0x435f52426020524160405244606052456080524860a0524a60c05260e05ff3', '0x'],
    ['block hashes', '0x600143034060005260ff43034060205260406000f3', '0x'],
    ['sender', '0x335f52326020523460405260605ff3', '0x'],
    ['gas', '0x5a5f5260205ff3', '0x'],
    ['balance of another', '0x73777777777777777777777777777777777777777731600054505f5260205ff3', '0x'],
  ];
  for (const [name, code, input] of codes) {
    for (const method of ['eth_call', 'eth_estimateGas', 'eth_createAccessList']) {
      add(name, method, { to: nobody, input, from: sender }, 'latest', withCode(code));
    }
  }
  const echo = withCode('0x365f5f37365ff3');
  add('data', 'eth_call', { to: nobody, data: '0x12' }, 'latest', echo);
  add('input and data', 'eth_call', { to: nobody, data: '0x12', input: '0x12' }, 'latest', echo);
  add(
    'price',
    'eth_call',
    { to: nobody, from: sender, gas: '0x186a0', gasPrice: '0x174876e800' },
    'latest',
    withCode('0x3a5f5260205ff3'),
  );
  add('low price', 'eth_call', { to: nobody, from: sender, gas: '0x186a0', gasPrice: '0x1' }, 'latest');
  add('no funds', 'eth_call', { to: nobody, from: nobody, gas: '0x186a0', gasPrice: '0x174876e800' }, 'latest');
  add('value without funds', 'eth_call', { to: nobody, from: nobody, value: '0x1' }, 'latest');
  add('both fees', 'eth_call', { to: nobody, gasPrice: '0x1', maxFeePerGas: '0x1' }, 'latest');
  add('low gas', 'eth_call', { to: nobody, gas: '0x1' }, 'latest');
  add('creation', 'eth_call', { from: sender, input: '0x600160005260206000f3' }, 'latest');
  add('creation', 'eth_estimateGas', { from: sender, input: '0x600160005260206000f3' }, 'latest');
  add('other chain', 'eth_call', { to: nobody, chainId: '0x1' }, 'latest');
  add('without funds', 'eth_estimateGas', { to: nobody, from: nobody, value: '0x1' }, 'latest');
  add('of all', 'eth_estimateGas', { to: nobody, from: sender, maxFeePerGas: '0xffffffffffffffffffff' }, 'latest');
  add('block override', 'eth_call', { to: nobody }, 'latest', withCode('0x435f524260205260405ff3'), {
    number: '0x10',
    time: '0x99999999',
  });
  add('identity moved', 'eth_call', { to: nobody, input: '0xaabb' }, 'latest', {
    [`0x${'4'.padStart(40, '0')}`]: { movePrecompileToAddress: nobody },
  });
  add('no precompile', 'eth_call', { to: nobody }, 'latest', { [sender]: { movePrecompileToAddress: nobody } });
  add('state and stateDiff', 'eth_call', { to: nobody }, 'latest', { [nobody]: { state: {}, stateDiff: {} } });
  add('unknown block', 'eth_call', { to: nobody }, '0xffffffff');
  add('unknown hash', 'eth_call', { to: nobody }, { blockHash: unknownHash });
}

function addFees({ head }: ChainSample, add: Add): void {
  for (const method of ['eth_gasPrice', 'eth_maxPriorityFeePerGas', 'eth_baseFee', 'eth_blobBaseFee']) add('', method);
  add('10', 'eth_feeHistory', '0xa', 'latest', [10, 50, 90]);
  add('1', 'eth_feeHistory', '0x1', quantity(head - 1), []);
  add('none', 'eth_feeHistory', '0x0', 'latest', []);
  add('beyond', 'eth_feeHistory', '0x1', quantity(head + 10), []);
  add('descending', 'eth_feeHistory', '0x1', 'latest', [50, 10]);
}

/** Transactions that are completed. */
function addFilled({ sender, contract }: ChainSample, add: Add): void {
  const filled = (name: string, fields: object): void => {
    add(name, 'eth_fillTransaction', { from: sender, to: nobody, value: '0x1', ...fields });
  };
  filled('transfer', {});
  filled('call', { to: contract, input: '0x12' });
  filled('creation', { to: undefined, input: '0x600160005260206000f3' });
  filled('complete', { nonce: '0x9', gas: '0x7530', maxFeePerGas: '0x174876e800', maxPriorityFeePerGas: '0x3' });
  filled('price', { gasPrice: '0x174876e800' });
  filled('access list', { accessList: [{ address: contract, storageKeys: [word(1)] }] });
  filled('blob', { blobVersionedHashes: [`0x01${'22'.repeat(31)}`] });
  filled('no data', { to: undefined });
  filled('no blob', { blobVersionedHashes: [] });
  filled('both fees', { gasPrice: '0x1', maxFeePerGas: '0x1' });
  filled('no price', { gasPrice: '0x0' });
  filled('low cap', { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' });
  filled('other chain', { chainId: '0x1' });
}

async function addLogs({ head, blocks, contract }: ChainSample, read: ReadBlock, add: Add): Promise<void> {
  const all = { fromBlock: '0x0', toBlock: quantity(Math.min(head, 200)) };
  add('all', 'eth_getLogs', all);
  add('of a contract', 'eth_getLogs', { ...all, address: contract });
  add('of a topic', 'eth_getLogs', { ...all, topics: [unknownHash] });
  add('of any topic', 'eth_getLogs', { ...all, topics: [null] });
  for (const number of blocks.slice(0, 4)) {
    const { hash } = await read(number);
    add(`of ${number}`, 'eth_getLogs', { blockHash: hash });
  }
  add('unknown block', 'eth_getLogs', { blockHash: unknownHash });
  add('backwards', 'eth_getLogs', { fromBlock: '0x5', toBlock: '0x4' });
  add('beyond', 'eth_getLogs', { fromBlock: '0x1', toBlock: quantity(head + 1) });
  add('both', 'eth_getLogs', { fromBlock: '0x1', blockHash: unknownHash });
}

/** Tracers, and options of the one of instructions. */
const traceOptions = {
  instructions: {},
  all: { enableMemory: true, enableReturnData: true },
  few: { disableStack: true, disableStorage: true, limit: 5 },
  calls: { tracer: 'callTracer' },
  'calls with logs': { tracer: 'callTracer', tracerConfig: { withLog: true } },
  'the call': { tracer: 'callTracer', tracerConfig: { onlyTopCall: true } },
};

async function addDebug({ blocks, states, head }: ChainSample, read: ReadBlock, add: Add): Promise<void> {
  for (const id of [...blocks.map(quantity), 'latest']) {
    for (const method of ['debug_getRawHeader', 'debug_getRawBlock', 'debug_getRawReceipts']) add(id, method, id);
  }
  for (const method of ['debug_getRawHeader', 'debug_getRawBlock', 'debug_getRawReceipts']) {
    add('no hex', method, '2');
    add('beyond', method, quantity(head + 1));
    add('unknown', method, unknownHash);
  }
  const traced = [...new Set([...states, head - 1, head])].filter((number) => number > Math.max(0, head - 100));
  for (const number of traced) {
    const { hash, transactions } = await read(number);
    for (const [name, options] of Object.entries(traceOptions)) {
      add(`${number} ${name}`, 'debug_traceBlockByNumber', quantity(number), options);
      for (const [i, transaction] of transactions.slice(0, 8).entries()) {
        add(`${number}.${i} ${name}`, 'debug_traceTransaction', transaction.hash, options);
      }
    }
    add(`${number}`, 'debug_traceBlockByHash', hash);
    for (const [i, transaction] of transactions.slice(0, 3).entries()) {
      add(`${number}.${i}`, 'debug_getRawTransaction', transaction.hash);
    }
  }
  add('unknown', 'debug_getRawTransaction', unknownHash);
  add('unknown', 'debug_traceTransaction', unknownHash);
  add('unknown', 'debug_traceBlockByHash', unknownHash);
  add('genesis', 'debug_traceBlockByNumber', '0x0');
  add('beyond', 'debug_traceBlockByNumber', quantity(head + 1));
  add('', 'debug_getBadBlocks');
  for (const method of ['txpool_content', 'txpool_inspect', 'txpool_status']) add('', method);
  add('', 'txpool_contentFrom', nobody);
}

function addRefused({ sender, contract }: ChainSample, add: Add): void {
  add('no hex', 'eth_getBlockByNumber', '2', false);
  add('leading zero', 'eth_getBlockByNumber', '0x02', false);
  add('missing', 'eth_getBlockByNumber', '0x1');
  add('too many', 'eth_getBlockByNumber', '0x1', false, 1);
  add('short', 'eth_getBalance', sender.slice(0, -2), 'latest');
  add('without 0x', 'eth_getBlockByHash', unknownHash.slice(2), false);
  add('both', 'eth_getBalance', sender, { blockHash: unknownHash, blockNumber: '0x1' });
  add('neither', 'eth_getBalance', sender, {});
  add('unknown hash', 'eth_getBalance', sender, { blockHash: unknownHash });
  add('beyond', 'eth_getBalance', sender, '0xffffffff');
  add('no hex', 'eth_getStorageAt', contract, '0xasdf', 'latest');
  add('too long', 'eth_getStorageAt', contract, `0x${'0'.repeat(66)}`, 'latest');
  add('many', 'eth_getStorageValues', { [contract]: Array(1_025).fill(word(0)) }, 'latest');
  add('empty', 'eth_getStorageValues', {}, 'latest');
  add('many', 'eth_getProof', contract, Array(1_025).fill('0x0'), 'latest');
  add('no transaction', 'eth_sendRawTransaction', '0x1234');
  add('no hex', 'eth_sendRawTransaction', '1234');
  add('empty', 'eth_sendRawTransaction', '0x');
  add('filter', 'eth_getFilterChanges', '0x1');
  add('filter', 'eth_uninstallFilter', '0x1');
  add('', 'eth_sign', sender, '0x12');
  add('', 'eth_none');
}
