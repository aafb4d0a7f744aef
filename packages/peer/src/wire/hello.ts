import { toHex } from '@devp2p/bytes';
import { bytes, bytesUpTo, decode, encode, type Infer, list, struct, uint } from '@devp2p/rlp';

/** A protocol version as Hello names it, like `eth/69`. */
export interface Capability {
  readonly name: string;
  readonly version: number;
}

/** What the remote said about itself. */
export interface RemoteHello {
  /** Version of the base protocol; 5 and above mean Snappy. */
  readonly version: number;
  /** Name and version of its software. Its own claim, of any form; control characters are replaced. */
  readonly clientId: string;
  /** Everything that it offers, in its own order, without what could not be a name of 8 ASCII characters. */
  readonly capabilities: readonly Capability[];
  /** Legacy field, mostly 0. A claim. */
  readonly listenPort: number;
  /** The public key that it claims; equal to the transport's once Hello is accepted. */
  readonly id: Uint8Array;
}

/** The largest payload that is taken for a Hello, in bytes (devp2p rlpx.md, "Hello (0x00)"). */
export const maxHelloSize = 2048;

// [version, clientId, [[name, version], …], listenPort, id, …]; unknown items at the end of a list
// are ignored, as EIP-8 asks.
const codec = struct(
  {
    version: uint(64),
    clientId: bytesUpTo(maxHelloSize),
    capabilities: list(struct({ name: bytes(), version: uint(64) }, { extra: 'ignore' })),
    listenPort: uint(64),
    id: bytes(),
  },
  { extra: 'ignore' },
);

/** The payload of Hello. */
export function encodeHello(hello: RemoteHello): Uint8Array {
  const utf8 = new TextEncoder();
  return encode(codec, {
    ...hello,
    clientId: utf8.encode(hello.clientId),
    capabilities: hello.capabilities.map(({ name, version }) => ({
      name: utf8.encode(name),
      version,
    })),
  });
}

/**
 * Reads the payload of a Hello of at most {@link maxHelloSize} bytes. The id may have any length.
 *
 * @throws RlpError
 */
export function decodeHello(payload: Uint8Array): RemoteHello {
  const hello: Infer<typeof codec> = decode(codec, payload);
  const decoded: RemoteHello = {
    version: hello.version,
    clientId: readable(hello.clientId),
    capabilities: hello.capabilities
      .map(({ name, version }) => ({ name: latin1(name), version }))
      .filter(({ name }) => isCapabilityName(name)),
    listenPort: hello.listenPort,
    // Copied: a peer lives long, and a view would keep the whole message with it.
    id: hello.id.slice(),
  };
  return Object.defineProperties(decoded, shown);
}

/** How `JSON.stringify` and `console.log` show it: bytes would be an object of numbers. */
const shown: PropertyDescriptorMap = {
  toJSON: {
    value(this: RemoteHello) {
      return { ...this, id: toHex(this.id) };
    },
  },
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(
      this: RemoteHello,
      _depth: number,
      options: object,
      inspect: (value: unknown, o: object) => string,
    ) {
      return inspect({ ...this, id: toHex(this.id) }, options);
    },
  },
};

/** Whether `name` may stand in Hello: 1 to 8 printable ASCII characters. */
export function isCapabilityName(name: string): boolean {
  return /^[\x21-\x7e]{1,8}$/.test(name);
}

function latin1(name: Uint8Array): string {
  return name.length > 8 ? '' : String.fromCharCode(...name);
}

/** Client names end up on terminals and in logs; what would steer those does not get that far. */
function readable(clientId: Uint8Array): string {
  return new TextDecoder().decode(clientId).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
}
