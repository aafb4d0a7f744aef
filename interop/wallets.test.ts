import {
  Contract,
  ContractFactory,
  Transaction as EthersTransaction,
  JsonRpcProvider,
  type TransactionRequest,
  Wallet,
  WebSocketProvider,
} from 'ethers';
import { createPublicClient, createWalletClient, defineChain, http, type TransactionReceipt, webSocket } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DevNode, initCode, startDevNode, topic } from './dev-node.ts';

const gwei = 10n ** 9n;
const word = (value: number): `0x${string}` => `0x${value.toString(16).padStart(64, '0')}`;

let node: DevNode;
beforeAll(async () => {
  node = await startDevNode();
});
afterAll(() => node?.stop());

describe('viem', () => {
  const open = () => {
    const chain = defineChain({
      id: 1337,
      name: 'development',
      nativeCurrency: { name: 'ether', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [node.http], webSocket: [node.ws] } },
    });
    const account = privateKeyToAccount(node.keys[0] as `0x${string}`);
    const reader = createPublicClient({ chain, transport: http(), pollingInterval: 50 });
    const wallet = createWalletClient({ account, chain, transport: http() });
    const receipt = (hash: `0x${string}`): Promise<TransactionReceipt> => reader.waitForTransactionReceipt({ hash });
    return { chain, account, reader, wallet, receipt };
  };

  test('RP-13 viem reads balance, nonce, fees, blocks and history', async () => {
    const { reader, account, chain } = open();
    expect(await reader.getChainId()).toBe(chain.id);
    expect(await reader.getBalance({ address: account.address })).toBe(10_000n * 10n ** 18n);
    expect(await reader.getTransactionCount({ address: account.address, blockTag: 'pending' })).toBe(0);
    expect(await reader.getGasPrice()).toBeGreaterThan(0n);
    const { maxFeePerGas, maxPriorityFeePerGas } = await reader.estimateFeesPerGas();
    expect(maxFeePerGas).toBeGreaterThan(maxPriorityFeePerGas);
    expect((await reader.getBlock({ blockTag: 'latest' })).number).toBe(0n);
    const history = await reader.getFeeHistory({ blockCount: 1, rewardPercentiles: [50] });
    expect(history.baseFeePerGas).toHaveLength(2);
    expect((await reader.getProof({ address: account.address, storageKeys: [] })).nonce).toBe(0);
  });

  test('RP-24 viem sends transactions of types 0, 1, 2 and 4, and waits for their receipts', async () => {
    const { wallet, receipt, account, reader } = open();
    const to = '0x7777777777777777777777777777777777777777';
    const gasPrice = 20n * gwei;
    const accessList = [{ address: to, storageKeys: [word(1)] }] as const;
    const authorization = await wallet.signAuthorization({ contractAddress: to, executor: 'self' });
    const sent = [
      ['legacy', () => wallet.sendTransaction({ type: 'legacy', to, value: 1n, gasPrice })],
      ['eip2930', () => wallet.sendTransaction({ type: 'eip2930', to, value: 1n, gasPrice, accessList })],
      // Fees, nonce and gas are what the node suggests.
      ['eip1559', () => wallet.sendTransaction({ to, value: 1n })],
    ] as const;
    for (const [type, send] of sent) {
      const hash = await send();
      expect(await receipt(hash)).toMatchObject({ status: 'success', type });
      expect(await reader.getTransaction({ hash })).toMatchObject({ hash, type });
    }
    const nonce = await reader.getTransactionCount({ address: account.address });
    expect(nonce).toBe(3);
    expect(authorization.chainId).toBe(1337);
    const own = await wallet.signAuthorization({ contractAddress: to, executor: 'self' });
    const hash = await wallet.sendTransaction({ to, value: 1n, authorizationList: [own] });
    expect(await receipt(hash)).toMatchObject({ status: 'success', type: 'eip7702' });
    expect(await reader.getCode({ address: account.address })).toBe(`0xef0100${to.slice(2)}`);
  });

  test('RP-18 viem deploys a contract, calls it, reads its logs and decodes its reverts', async () => {
    const { wallet, receipt, reader, account } = open();
    const deployed = await receipt(await wallet.sendTransaction({ data: initCode }));
    const to = deployed.contractAddress as `0x${string}`;
    const written = await receipt(await wallet.sendTransaction({ to, data: word(42) }));
    expect(await reader.getStorageAt({ address: to, slot: '0x1' })).toBe(word(42));
    expect(written.logs).toMatchObject([{ topics: [topic], data: word(42) }]);
    const { blockNumber: fromBlock } = deployed;
    expect(await reader.getLogs({ address: to, fromBlock, toBlock: 'latest' })).toHaveLength(1);
    expect((await reader.call({ to, data: word(7), account: account.address })).data).toBe(word(7));
    expect(await reader.estimateGas({ to, data: word(7), account: account.address })).toBeGreaterThan(21_000n);
    const reverted = reader.call({
      to,
      stateOverride: [{ address: to, code: '0x5f5ffd' }],
    });
    await expect(reverted).rejects.toThrow('revert');
  });

  test('RP-22 viem watches blocks and logs over WebSocket', async () => {
    const { wallet, chain, receipt } = open();
    const watcher = createPublicClient({ chain, transport: webSocket(node.ws, { reconnect: false }) });
    const deployed = await receipt(await wallet.sendTransaction({ data: initCode }));
    const to = deployed.contractAddress as `0x${string}`;
    const seen = new Promise<bigint>((resolve, reject) => {
      watcher.watchBlocks({ onBlock: ({ number }) => resolve(number), onError: reject });
    });
    const logged = new Promise<string | undefined>((resolve, reject) => {
      watcher.watchEvent({ address: to, onLogs: ([log]) => resolve(log?.data), onError: reject });
    });
    // The subscriptions have to be there before the transaction is.
    await Promise.all([watcher.getBlockNumber(), watcher.getBlockNumber()]);
    const { blockNumber } = await receipt(await wallet.sendTransaction({ to, data: word(5) }));
    expect(await seen).toBeLessThanOrEqual(blockNumber);
    expect(await logged).toBe(word(5));
    const socket = await watcher.transport.getRpcClient();
    socket.close();
  });
});

describe('ethers', () => {
  test('RP-24 ethers reads, sends transactions of types 0, 1, 2 and 4, and waits for their receipts', async () => {
    const provider = new JsonRpcProvider(node.http, undefined, { pollingInterval: 50, cacheTimeout: -1 });
    const wallet = new Wallet(node.keys[1] as string, provider);
    try {
      expect(await provider.getBalance(wallet.address)).toBe(10_000n * 10n ** 18n);
      expect(await wallet.getNonce('pending')).toBe(0);
      expect((await provider.getFeeData()).maxFeePerGas).toBeGreaterThan(0n);
      const to = `0x${'66'.repeat(20)}`;
      const gasPrice = 20n * gwei;
      const authorization = await wallet.authorize({ address: to, nonce: 4 });
      for (const [type, fields] of [
        [0, { type: 0, gasPrice }],
        [1, { type: 1, gasPrice, accessList: [{ address: to, storageKeys: [word(1)] }] }],
        [2, {}],
        [4, { type: 4, authorizationList: [authorization] }],
      ] satisfies [number, TransactionRequest][]) {
        const sent = await wallet.sendTransaction({ to, value: 1n, ...fields });
        expect(await sent.wait()).toMatchObject({ status: 1, type });
        expect(await provider.getTransaction(sent.hash)).toMatchObject({ hash: sent.hash, type });
      }
      expect(EthersTransaction.from({ type: 2 }).type).toBe(2);
    } finally {
      provider.destroy();
    }
  });

  test('RP-22 ethers deploys a contract, reads it and its logs, and follows blocks over WebSocket', async () => {
    const provider = new WebSocketProvider(node.ws, undefined, { cacheTimeout: -1 });
    const wallet = new Wallet(node.keys[2] as string, provider);
    try {
      const factory = new ContractFactory(['function value() view returns (uint256)'], initCode, wallet);
      const deployed = await factory.deploy();
      await deployed.waitForDeployment();
      const to = await deployed.getAddress();
      const block = new Promise<number>((resolve) => void provider.on('block', resolve));
      const log = new Promise<string>((resolve) => {
        void provider.on({ address: to }, ({ data }: { data: string }) => resolve(data));
      });
      await provider.getBlockNumber();
      const receipt = await (await wallet.sendTransaction({ to, data: word(3) })).wait();
      expect(await block).toBeLessThanOrEqual(receipt?.blockNumber ?? 0);
      expect(await log).toBe(word(3));
      expect(await provider.getStorage(to, 1)).toBe(word(3));
      expect(await provider.getLogs({ address: to, fromBlock: 0 })).toHaveLength(1);
      const contract = new Contract(to, ['function value() view returns (uint256)'], provider);
      expect(await contract.getAddress()).toBe(to);
    } finally {
      await provider.destroy();
    }
  });
});
