import type { Channel } from '@devp2p/peer';
import { Writer } from '@devp2p/rlp';
import { type EthVersion, formatOf } from '../wire/eth-version.ts';
import type { Messages, ResponseName } from '../wire/messages.ts';
import type { Semaphore } from './semaphore.ts';
import { envelopeLength, type Step } from './serve.ts';
import { ServeQueue } from './serve-queue.ts';

/** Serves one peer's requests. Responses that need one read of the chain go ahead of those that need more. */
export class Server {
  readonly #channel: Channel;
  readonly #eth: EthVersion;
  readonly #queue: ServeQueue;
  readonly #reads: Semaphore;

  /**
   * @param reads limits the further reads of all peers
   * @param onError called when a response cannot be made; nothing more is served then
   */
  constructor(channel: Channel, eth: EthVersion, reads: Semaphore, onError: (error: unknown) => void) {
    this.#channel = channel;
    this.#eth = eth;
    this.#reads = reads;
    this.#queue = new ServeQueue(onError);
  }

  /**
   * Sends the response to a request once earlier requests of its kind are served and the send queue has room.
   *
   * @param size length of the request in bytes
   * @param handler reads the chain once, and makes a message of the result
   * @returns resolves when the next message may be read; `undefined` when it may be read now.
   */
  respond<Name extends ResponseName, T>(
    size: number,
    name: Name,
    { read, message }: { read: () => Promise<Step<T>>; message: (result: T) => Messages[Name] },
  ): Promise<void> | undefined {
    return this.#queue.add(size, async () => {
      const step = await read();
      if (!isFurtherRead(step)) {
        await this.#send(name, message(step));
        return undefined;
      }
      return async () => this.#send(name, message(await this.#reads.run(step)));
    });
  }

  async #send<Name extends ResponseName>(name: Name, response: Messages[Name]): Promise<void> {
    const { code, codec } = formatOf(this.#eth, name);
    const length = response.items.reduce((sum, item) => sum + item.length, 0);
    const writer = new Writer(length + envelopeLength);
    codec.write(writer, response);
    await this.#channel.send(code, writer.finish());
  }

  /** Drops waiting and later requests. */
  close(): void {
    this.#queue.close();
  }
}

function isFurtherRead<T>(step: Step<T>): step is () => Promise<T> {
  return typeof step === 'function';
}
