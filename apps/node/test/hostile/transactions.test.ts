import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { signTransaction, transactionHash } from '@devp2p/eth';
import { bytes, encode, list } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import { connectPeer, type Guest, loopback } from '../../soak/guest.ts';
import { testAccount } from '../execution/sign-transaction.ts';
import { datadir, genesisFile, Honest, start } from './scene.ts';

/** Number of peers that flood, and number of those that follow the protocol. */
const half = 4;
/** Messages of each flooding peer. The node takes five a second from a peer whose transactions it refuses (TP-27). */
const differentMessages = 32;
/** Transactions of a message: those that the node adds at once. */
const perMessage = 128;
/** Limits of the pool, which the flood exceeds many times. */
const limits = { queued: 256, ofAccount: 16 };
/** Senders with ether. Each one has room for more than its share of the queue. */
const senders = 200;
const transactionsCode = 2;

const gwei = 10n ** 9n;
const to = new Uint8Array(20).fill(0x77);

function sign(sender: number, nonce: number, { chainId = 7331n, gas = 21_000n } = {}): Uint8Array {
  const fees = { maxFeePerGas: 100n * gwei, maxPriorityFeePerGas: gwei };
  return signTransaction(
    { chainId, nonce: BigInt(nonce), gas, to, value: 1n, ...fees },
    testAccount(sender).key,
    crypto,
  );
}

/** Transactions of one message of a flooding peer: gapped ones, and ones that break a rule. */
function floodMessage(peer: number, round: number): Uint8Array {
  const transactions = Array.from({ length: perMessage }, (_, i) => {
    const n = (peer * 1_000 + round) * perMessage + i;
    const sender = 1 + (n % senders);
    if (i % 4 === 0) return sign(sender, n, { chainId: 1n });
    if (i % 4 === 1) return sign(sender, n, { gas: 20_999n });
    // Without ether.
    if (i % 4 === 2) return sign(10_000 + n, 0);
    return sign(sender, 1_000 + n);
  });
  return encode(list(bytes()), transactions);
}

/** The genesis of the demo, in which senders have ether. */
function writeGenesis(directory: string): string {
  const genesis = JSON.parse(readFileSync(genesisFile, 'utf8')) as { alloc: Record<string, object> };
  for (let i = 0; i <= senders; i++)
    genesis.alloc[`0x${toHex(testAccount(i + 1).address)}`] = { balance: '0xde0b6b3a7640000' };
  mkdirSync(directory);
  const path = join(directory, 'genesis.json');
  writeFileSync(path, JSON.stringify(genesis));
  return path;
}

test('TP-35 a flood of gapped and invalid transactions from half of the peers stays within the limits, and others are served', {
  timeout: 180_000,
}, async () => {
  const flags = [
    'dev',
    '--period',
    '86400',
    '--nodiscover',
    '--http',
    '--http.port',
    '0',
    '--http.api',
    'eth,net,txpool',
  ];
  const queue = ['--txpool.globalqueue', String(limits.queued), '--txpool.accountqueue', String(limits.ofAccount)];
  const place = { datadir: datadir(), genesisFile: writeGenesis(datadir()) };
  const daemon = start(place, ...flags, ...queue);
  const enode = await daemon.enode;
  const honest = await Honest.arrive(daemon);
  const guests: Guest[] = [];
  for (let i = 1; i < 2 * half; i++) guests.push(await connectPeer(enode, loopback(i)));
  const flooding = guests.slice(half - 1);
  const [sender] = guests as [Guest];

  let over = 0;
  const messages = flooding.map((_, peer) =>
    Array.from({ length: differentMessages }, (_, round) => floodMessage(peer, round)),
  );
  // The response to a request shows that the messages before it have been taken.
  const floods = flooding.map(async ({ channel, ask }, peer) => {
    for (const message of messages[peer] ?? []) await channel.send(transactionsCode, message);
    await ask();
    over++;
  });
  const status = async (): Promise<{ pending: number; queued: number }> => {
    const { pending, queued } = (await daemon.call('txpool_status')) as { pending: string; queued: string };
    return { pending: Number(pending), queued: Number(queued) };
  };
  // The honest transaction becomes pending, and is passed on, while the flood goes on.
  const transaction = sign(senders + 1, 0);
  const hash = `0x${toHex(transactionHash(transaction, crypto))}`;
  const received = guests.slice(1, half - 1).map((guest) => guest.received);
  await sender.channel.send(transactionsCode, encode(list(bytes()), [transaction]));
  await expect
    .poll(() => daemon.call('eth_getTransactionByHash', hash), {
      timeout: 60_000,
    })
    .toMatchObject({ hash });
  await expect
    .poll(() => guests.slice(1, half - 1).every((guest, i) => guest.received > (received[i] ?? 0)))
    .toBe(true);
  await Promise.all(guests.slice(0, half - 1).map(({ ask }) => ask()));
  expect(over).toBe(0);
  while (over < half) {
    expect((await status()).queued).toBeLessThanOrEqual(limits.queued);
    await honest.guest.ask();
  }
  await Promise.all(floods);
  await honest.expectServed({ bytes: 32e6 });

  // Merely refused transactions do not cost the connection.
  await Promise.all(guests.map(({ ask }) => ask()));
  expect(await status()).toEqual({ pending: 1, queued: limits.queued });
});
