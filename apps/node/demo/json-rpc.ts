import { once } from 'node:events';
import { WebSocket } from 'ws';

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  /** Of a notification. */
  readonly params?: { readonly result: unknown };
}

/** JSON-RPC of a node over WebSocket, with one subscription at most. */
export class JsonRpc {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, (message: Message) => void>();
  #nextId = 1;
  #onNotification: (result: unknown) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as Message));
    // Errors end the calls as well.
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const answer of this.#calls.values()) answer({ error: { message: 'the node has closed the connection' } });
      this.#calls.clear();
    });
  }

  static async connect(url: string): Promise<JsonRpc> {
    const socket = new WebSocket(url);
    const rpc = new JsonRpc(socket);
    await once(socket, 'open');
    return rpc;
  }

  /** @throws Error with the method and the message of the node */
  call(method: string, params: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId++;
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise((resolve, reject) => {
      this.#calls.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  /** Calls the listener with each result of a subscription. */
  async subscribe(kind: string, listener: (result: unknown) => void): Promise<void> {
    this.#onNotification = listener;
    await this.call('eth_subscribe', [kind]);
  }

  close(): void {
    this.#socket.close();
  }

  #receive(message: Message): void {
    const { id, params } = message;
    if (params !== undefined) this.#onNotification(params.result);
    if (id === undefined) return;
    this.#calls.get(id)?.(message);
    this.#calls.delete(id);
  }
}
