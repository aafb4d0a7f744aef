// Fills pools with transfers, and prints the bytes of each transfer.
import { fastCrypto } from '@devp2p/crypto/fast';
import { fillPool, readTransfers } from '../workers/pool-devp2p.ts';

const pools = 5;

/** Bytes of all objects and buffers. */
function used(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('--expose-gc is missing');
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const transfers = readTransfers(process.argv[2] ?? '');
// Code is compiled before the measurement.
const first = await fillPool(transfers, fastCrypto);
await first.close();
const before = used();
const full = [];
for (let i = 0; i < pools; i++) full.push(await fillPool(transfers, fastCrypto));
const bytes = (used() - before) / (pools * transfers.length);
process.stdout.write(`${bytes.toFixed(0)}\n`);
for (const pool of full) await pool.close();
