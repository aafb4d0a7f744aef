import { crc32 } from 'node:zlib';
import { AddrManError, type AddrManOptions, createAddrMan } from '@devp2p/addrman';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { createRandom } from '../random.ts';
import { type Target, target } from '../target.ts';

/** Small tables, since a book is made for each input. */
const options = (): AddrManOptions => ({
  clock: createVirtualClock(),
  random: createRandom(1).bytes,
  ...{ newBuckets: 8, triedBuckets: 4, bucketSize: 4 },
  isRoutable: () => true,
});

function snapshot(count: number): Uint8Array {
  const book = createAddrMan(options());
  for (let n = 0; n < count; n++) {
    const id = new Uint8Array(64).fill(n + 1);
    const ip = Uint8Array.of(11 + n, n, 7, 1);
    const record = n % 2 === 0 ? { seq: BigInt(n), bytes: new Uint8Array(20 + n).fill(n) } : undefined;
    const node = { id, address: { ip, tcp: 30303, udp: 30303 }, ...(record && { record }) };
    book.add([node], n % 3 === 0 ? { kind: 'list', name: 'enrtree://A@b' } : { kind: 'peer', ip });
    if (n % 4 === 0) book.good(id);
  }
  return book.snapshot();
}

const checksumLength = 4;

function seal(content: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(content.length + checksumLength);
  sealed.set(content);
  new DataView(sealed.buffer).setUint32(content.length, crc32(content), true);
  return sealed;
}

export const addrmanTargets: readonly Target[] = [
  target({
    name: 'addrman snapshot',
    structure: 'bytes',
    corpus: [0, 1, 6].map((count) => snapshot(count).slice(0, -checksumLength)),
    seal,
    errors: [AddrManError],
    decode: (input) => createAddrMan({ ...options(), snapshot: input }),
    encode: (book) => book.snapshot(),
    check: (book) => book.check(),
  }),
];
