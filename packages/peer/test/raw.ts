import { fromHex, toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import {
  type Message,
  type MessageStream,
  type OpenPeerOptions,
  openPeer,
  type Peer,
  type Protocol,
  protocol,
} from '../src/index.ts';
import { type StreamPairOptions, streamPair } from '../src/pipe.ts';

export const localKey: Uint8Array = new Uint8Array(64).fill(1);
export const remoteKey: Uint8Array = new Uint8Array(64).fill(2);

/** A second RLP encoder, so that the hostile side does not use the encoder under test. */
export type Item = number | string | Uint8Array | readonly Item[];
export function rlp(item: Item): Uint8Array {
  if (typeof item === 'number') return rlp(bigEndian(item));
  if (typeof item === 'string') return rlp(new TextEncoder().encode(item));
  if (item instanceof Uint8Array) {
    const [first] = item;
    if (item.length === 1 && first !== undefined && first < 0x80) return item;
    return join([prefix(0x80, item.length), item]);
  }
  const content = join(item.map(rlp));
  return join([prefix(0xc0, content.length), content]);
}

function prefix(kind: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(kind + length);
  const digits = bigEndian(length);
  return join([Uint8Array.of(kind + 55 + digits.length), digits]);
}

function bigEndian(value: number): Uint8Array {
  const hex = value === 0 ? '' : value.toString(16);
  return fromHex(hex.length % 2 === 1 ? `0${hex}` : hex);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Hello of a remote that offers `test/1`. */
export function hello(change: Partial<Record<'version' | 'caps' | 'id' | 'extra', Item>> = {}): Uint8Array {
  const { version = 5, caps = [['test', 1]], id = remoteKey, extra } = change;
  const items: Item[] = [version, 'raw/1.0', caps, 0, id];
  return rlp(extra === undefined ? items : [...items, ...(extra as Item[])]);
}

/** Remote end of a stream without protocol logic. Received messages are in `got`. */
export class Raw {
  readonly stream: MessageStream;
  readonly got: Message[] = [];
  /** Result of the reading; `undefined` while it continues. */
  end: 'clean' | Error | undefined;
  #onResume: (() => void) | undefined;
  #resumed: Promise<void> = Promise.resolve();

  constructor(stream: MessageStream) {
    this.stream = stream;
    void this.#read();
  }

  /** Received messages, as `code:payload`. */
  get seen(): string[] {
    return this.got.map(({ code, payload }) => `${code}:${toHex(payload)}`);
  }

  /** Stops reading after the next message. */
  pause(): void {
    this.#resumed = new Promise((resolve) => {
      this.#onResume = resolve;
    });
  }

  resume(): void {
    this.#onResume?.();
  }

  send(code: number, payload: Uint8Array | string): Promise<number> {
    return this.stream.write(code, typeof payload === 'string' ? fromHex(payload) : payload);
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const message = await this.stream.read();
        if (message === undefined) break;
        this.got.push(message);
        await this.#resumed;
      }
      this.end = 'clean';
    } catch (error) {
      this.end = error as Error;
    }
  }
}

/** Reads all messages until the peer ends. */
export const sink: Protocol<'test', unknown> = protocol({
  name: 'test',
  version: 1,
  length: 4,
  run: async (channel) => {
    for await (const _ of channel);
  },
});

/** A stream whose remote end is a {@link Raw}, and its clock. */
export function rawPair(options: StreamPairOptions = {}): {
  stream: MessageStream;
  raw: Raw;
  clock: VirtualClock;
} {
  const [stream, other] = streamPair({ ids: [localKey, remoteKey], ...options });
  return { stream, raw: new Raw(other), clock: createVirtualClock() };
}

/** A peer that has exchanged Hello with a {@link Raw}. Its earlier messages are dropped. */
export async function peerWithRaw(
  options: Partial<OpenPeerOptions> & { readonly pipe?: StreamPairOptions } = {},
  caps?: Item,
): Promise<{ peer: Peer; raw: Raw; clock: VirtualClock; stream: MessageStream }> {
  const { pipe, ...rest } = options;
  const { stream, raw, clock } = rawPair(pipe);
  void raw.send(0, hello(caps === undefined ? {} : { caps }));
  const peer = await openPeer(stream, { protocols: [sink], clock, ...rest });
  await clock.advance(0);
  raw.got.length = 0;
  return { peer, raw, clock, stream };
}

/** State of a promise. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const outcome: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => {
      outcome.value = value;
    },
    (error: unknown) => {
      outcome.error = error;
    },
  );
  return outcome;
}
