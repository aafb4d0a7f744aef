import { bytes, encode, list, struct, uint } from '@devp2p/rlp';

const utf8 = new TextEncoder();
const helloCodec = struct({
  version: uint(64),
  client: bytes(),
  capabilities: list(struct({ name: bytes(), version: uint(64) })),
  port: uint(64),
  id: bytes(),
});

/** The payload of a Hello. */
export function hello({ id, version = 5 }: { id: Uint8Array; version?: number }): Uint8Array {
  return encode(helloCodec, {
    version,
    client: utf8.encode('hostile/1.0'),
    capabilities: [{ name: utf8.encode('eth'), version: 69 }],
    port: 0,
    id,
  });
}
