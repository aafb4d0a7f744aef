import type { Channel } from '@devp2p/peer';
import { Writer } from '@devp2p/rlp';
import type { Answer, Messages, Schema } from './schema.ts';
import { ServeQueue } from './serve-queue.ts';

/** Answers one peer's questions in their order. */
export class Server {
  readonly #channel: Channel;
  readonly #schema: Schema;
  readonly #queue: ServeQueue;

  /** @param onError an answer could not be had, so nothing more is answered */
  constructor(channel: Channel, schema: Schema, onError: (error: unknown) => void) {
    this.#channel = channel;
    this.#schema = schema;
    this.#queue = new ServeQueue(onError);
  }

  /**
   * Answers when the questions before have been answered, and the peer has read enough of it.
   *
   * @param size of the question in bytes
   * @returns when to read on; `undefined` for now.
   */
  answer<A extends Answer>(
    size: number,
    answer: A,
    compose: () => Promise<Messages[A]>,
  ): Promise<void> | undefined {
    return this.#queue.add(size, async () => {
      const response = await compose();
      const { code, codec } = this.#schema.messages[answer];
      const length = response.items.reduce((sum, item) => sum + item.length, 0);
      const writer = new Writer(length + envelope);
      codec.write(writer, response);
      await this.#channel.send(code, writer.finish());
    });
  }

  /** Drops what waits, and what is asked later. */
  close(): void {
    this.#queue.close();
  }
}

/** More than prefixes, request id and flag around the items take, in bytes. */
const envelope = 32;
