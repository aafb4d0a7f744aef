import { toHex } from '@devp2p/bytes';
import { bytes, bytesUpTo, decode, encode, type Infer, list, struct, uint } from '@devp2p/rlp';

/** A version of a protocol in Hello, such as `eth/69`. */
export interface Capability {
  readonly name: string;
  readonly version: number;
}

/** Hello of the remote. */
export interface RemoteHello {
  /** Version of the base protocol. Versions from 5 on use Snappy. */
  readonly version: number;
  /** Name and version of the client, unverified and of any form. Control characters are replaced. */
  readonly clientId: string;
  /** Offered capabilities in the order of the remote, without those whose name is not 1 to 8 ASCII characters. */
  readonly capabilities: readonly Capability[];
  /** Legacy field, mostly 0, unverified. */
  readonly listenPort: number;
  /** Public key in Hello; equal to that of the transport once Hello is accepted. */
  readonly id: Uint8Array;
}

/** Longest payload of Hello, in bytes (devp2p rlpx.md, "Hello (0x00)"). */
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

/** Encodes the payload of Hello. */
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
 * Decodes the payload of a Hello of up to {@link maxHelloSize} bytes. The id may have any length.
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
    // Copied, since a view would retain the whole message for the lifetime of the peer.
    id: hello.id.slice(),
  };
  return Object.defineProperties(decoded, shown);
}

/** Form in `JSON.stringify` and `console.log`: the id as hex instead of an object of numbers. */
const shown: PropertyDescriptorMap = {
  toJSON: {
    value(this: RemoteHello) {
      return { ...this, id: toHex(this.id) };
    },
  },
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: RemoteHello, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
      return inspect({ ...this, id: toHex(this.id) }, options);
    },
  },
};

/** Whether `name` is a valid name of a capability: 1 to 8 printable ASCII characters. */
export function isCapabilityName(name: string): boolean {
  return /^[\x21-\x7e]{1,8}$/.test(name);
}

function latin1(name: Uint8Array): string {
  return name.length > 8 ? '' : String.fromCharCode(...name);
}

/** Decodes a client id for terminals and logs: control and format characters are replaced. */
function readable(clientId: Uint8Array): string {
  return new TextDecoder().decode(clientId).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
}
