import type { Channel } from '@devp2p/peer';
import { Writer } from '@devp2p/rlp';
import type { Answer, Messages, Schema } from '../wire/schema.ts';
import type { Semaphore } from './semaphore.ts';
import type { Step } from './serve.ts';
import { ServeQueue } from './serve-queue.ts';

/** Answers one peer's questions: those that one look at the chain answers before those that take more. */
export class Server {
  readonly #channel: Channel;
  readonly #schema: Schema;
  readonly #queue: ServeQueue;
  readonly #reads: Semaphore;

  /**
   * @param reads what takes more than one look at the chain, of all peers
   * @param onError an answer could not be had, so nothing more is answered
   */
  constructor(
    channel: Channel,
    schema: Schema,
    reads: Semaphore,
    onError: (error: unknown) => void,
  ) {
    this.#channel = channel;
    this.#schema = schema;
    this.#reads = reads;
    this.#queue = new ServeQueue(onError);
  }

  /**
   * Answers when the questions of its kind before have been answered, and the peer has read enough of it.
   *
   * @param size of the question in bytes
   * @param parts looks at the chain once, and makes a message of what was found
   * @returns when to read on; `undefined` for now.
   */
  answer<A extends Answer, T>(
    size: number,
    answer: A,
    { look, message }: { look: () => Promise<Step<T>>; message: (found: T) => Messages[A] },
  ): Promise<void> | undefined {
    return this.#queue.add(size, async () => {
      const step = await look();
      if (!isRest(step)) {
        await this.#send(answer, message(step));
        return undefined;
      }
      return async () => this.#send(answer, message(await this.#reads.run(step)));
    });
  }

  async #send<A extends Answer>(answer: A, response: Messages[A]): Promise<void> {
    const { code, codec } = this.#schema.messages[answer];
    const length = response.items.reduce((sum, item) => sum + item.length, 0);
    const writer = new Writer(length + envelope);
    codec.write(writer, response);
    await this.#channel.send(code, writer.finish());
  }

  /** Drops what waits, and what is asked later. */
  close(): void {
    this.#queue.close();
  }
}

function isRest<T>(step: Step<T>): step is () => Promise<T> {
  return typeof step === 'function';
}

/** More than prefixes, request id and flag around the items take, in bytes. */
const envelope = 32;
