// Defines the codec and the type of a message, and handles a decoding error.
import {
  bytes,
  decode,
  encode,
  type Infer,
  list,
  optional,
  RlpError,
  struct,
  text,
  uint,
} from '@devp2p/rlp';

const file = struct({ name: text(255), size: uint(53), hash: bytes(32) });
const offer = struct({
  id: uint(32),
  files: list(file, { max: 100 }),
  motto: optional(text(80)),
});

type Offer = Infer<typeof offer>; // { id: number; files: { … }[]; motto?: string }

const message: Offer = {
  id: 7,
  files: [{ name: 'genesis.json', size: 1024, hash: new Uint8Array(32).fill(0xab) }],
};
const wire = encode(offer, message);
console.log(wire.length, 'bytes:', decode(offer, wire).files[0]?.name); // 53 bytes: genesis.json

wire[wire.length - 33] = 0x9f; // the prefix of the hash now claims 31 bytes
try {
  decode(offer, wire);
} catch (error) {
  if (!(error instanceof RlpError)) throw error;
  console.log(error.code, error.path, error.offset); // wrong-length files[0].hash 20
}
