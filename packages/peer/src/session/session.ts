import { channel as diagnosticsChannel } from 'node:diagnostics_channel';
import { toHex } from '@devp2p/bytes';
import { withTimeout } from '@devp2p/clock';
import { boolean, func, nonNegative, type Rules, required } from '@devp2p/options';
import { check } from '../check-options.ts';
import { breach, inactive, PeerError, protocolFailed, sendFailed, streamFailed } from '../error.ts';
import { type ChannelHost, ProtocolChannel, quietReject } from '../protocol/channel.ts';
import type { PeerFlags } from '../protocol/protocol.ts';
import type { Address, Message, MessageStream } from '../stream.ts';
import { baseCodes, baseLength, baseVersion, emptyList } from '../wire/base-protocol.ts';
import { type DisconnectReason, decodeDisconnect, reasonRule } from '../wire/disconnect-reasons.ts';
import type { Capability, RemoteHello } from '../wire/hello.ts';
import { disconnect } from './disconnect.ts';
import { EventStream, type PeerEnd, type PeerEventsOptions } from './events.ts';
import type { HelloExchange } from './exchange-hello.ts';
import { Keepalive, type KeepaliveSettings } from './keepalive.ts';
import type { Peer } from './peer.ts';
import { Counters, type PeerStats } from './stats.ts';

/** Limits of a session, in ms and bytes. */
export interface SessionSettings extends KeepaliveSettings {
  readonly closeTimeout: number;
  readonly receiveLimit: number;
}

/** Diagnostics channel of peers. */
export const diagnostics: ReturnType<typeof diagnosticsChannel> = diagnosticsChannel('devp2p:peer');

const attachedRules = { run: required(func) };
const eventRules: Rules<PeerEventsOptions> = { messages: boolean, limit: nonNegative };

const baseProtocol = { name: 'p2p', version: baseVersion, offset: 0, length: baseLength };

/** A peer after Hello, until it is disconnected. */
export class Session implements Peer {
  readonly id: Uint8Array;
  readonly inbound: boolean;
  readonly remoteAddress: Address | undefined;
  readonly localAddress: Address | undefined;
  readonly hello: RemoteHello;
  readonly capabilities: readonly Capability[];
  readonly flags: PeerFlags;
  readonly signal: AbortSignal;
  readonly closed: Promise<PeerEnd>;

  readonly #stream: MessageStream;
  readonly #settings: SessionSettings;
  readonly #channels: readonly ProtocolChannel[];
  readonly #counters: Counters;
  readonly #keepalive: Keepalive;
  readonly #connected: { readonly at: number; readonly monotonic: number };
  readonly #abort = new AbortController();
  readonly #watchers = new Set<EventStream>();
  #state: { is: 'running' } | { is: 'disconnecting' | 'closed'; end: PeerEnd } = { is: 'running' };
  #runs: Promise<unknown> = Promise.resolve();
  #reading: Promise<void> = Promise.resolve();
  #disconnected: Promise<void> = Promise.resolve();
  #answer: DisconnectReason | undefined;
  #resolveClosed: ((end: PeerEnd) => void) | undefined;
  #resumeReading: (() => void) | undefined;
  #streamClosed = false;

  /**
   * Attaches the protocols and starts them.
   *
   * @throws {@link PeerError} when a protocol's `attach` throws; the stream is still open then.
   */
  static open(stream: MessageStream, exchange: HelloExchange, flags: PeerFlags, settings: SessionSettings): Session {
    const session = new Session(stream, exchange, flags, settings);
    const attached = exchange.running.map(({ name, protocol }, index) => {
      try {
        const instance = protocol.attach(session.#channel(index), session);
        check.fields(`the result of ${name}.attach`, instance, attachedRules);
        return { name, instance };
      } catch (cause) {
        session.#abort.abort();
        throw protocolFailed(name, cause);
      }
    });
    for (const { name, instance } of attached) {
      Object.defineProperty(session, name, { value: instance.api, enumerable: true });
    }
    if (diagnostics.hasSubscribers) {
      diagnostics.publish({ type: 'added', localId: stream.localId, peer: session });
    }

    session.#keepalive.start();
    session.#reading = session.#read();
    stream.closed.then(() => {
      session.#streamClosed = true;
      session.#resume();
    });
    session.#runs = Promise.all(attached.map(({ name, instance }) => session.#run(name, instance)));
    return session;
  }

  private constructor(
    stream: MessageStream,
    { hello, running, received, sent }: HelloExchange,
    flags: PeerFlags,
    settings: SessionSettings,
  ) {
    const { clock, receiveLimit } = settings;
    const host: ChannelHost = {
      get congested() {
        return stream.congested;
      },
      send: (code, payload) => this.#send(code, payload),
      onRead: () => {
        if (this.#resumeReading !== undefined && !this.#full) this.#resume();
      },
    };
    this.id = stream.remoteId;
    this.inbound = stream.inbound;
    this.remoteAddress = stream.remoteAddress;
    this.localAddress = stream.localAddress;
    this.hello = hello;
    this.capabilities = running.map(({ name, version }) => ({ name, version }));
    this.flags = flags;
    this.signal = this.#abort.signal;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#stream = stream;
    this.#settings = settings;
    this.#channels = running.map(
      (range) => new ProtocolChannel(range, host, range.protocol.receiveBudget ?? receiveLimit),
    );
    this.#connected = { at: clock.now(), monotonic: clock.monotonic() };
    this.#keepalive = new Keepalive(settings, {
      ping: () => this.#ping(),
      inactive: (cause) => this.#fail(inactive(cause)),
    });
    this.#counters = new Counters([baseProtocol, ...this.#channels]);
    this.#counters.received(baseCodes.hello, received);
    sent.then(
      (bytes) => this.#counters.sent(baseCodes.hello, bytes),
      () => {},
    );
  }

  get stats(): PeerStats {
    const { at, monotonic } = this.#connected;
    const { lastReceive, lastSend, minPing } = this.#keepalive;
    return {
      connectedAt: at,
      lastReceive: at + Math.floor((lastReceive ?? monotonic) - monotonic),
      lastSend: at + Math.floor((lastSend ?? monotonic) - monotonic),
      minPing,
      ...this.#counters.snapshot(),
    };
  }

  /** Summary for `JSON.stringify` and logs. */
  toJSON(): Record<string, unknown> {
    const { remoteAddress, hello, capabilities, inbound, flags } = this;
    return {
      id: toHex(this.id),
      ...(remoteAddress && { address: formatAddress(remoteAddress) }),
      client: hello.clientId,
      inbound,
      ...flags,
      capabilities: capabilities.map(({ name, version }) => `${name}/${version}`),
      state: this.#state.is,
    };
  }

  async disconnect(reason: DisconnectReason): Promise<void> {
    check.value('reason', reason, reasonRule);
    this.#finish({ reason, direction: 'local', error: undefined });
    await this.#disconnected;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect('requested');
  }

  events(options: PeerEventsOptions = {}): EventStream {
    check.options('events', options, eventRules);
    const events = new EventStream(options, () => this.#watchers.delete(events));
    if (this.#state.is === 'closed') events.end({ type: 'dropped', end: this.#state.end });
    else this.#watchers.add(events);
    return events;
  }

  #channel(index: number): ProtocolChannel {
    return this.#channels[index] as ProtocolChannel;
  }

  /** Reads messages until the stream ends or the remote disconnects. Never rejects. */
  async #read(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#stream.read();
        if (message === undefined) break;
        this.#receive(message);
        if (this.#state.is !== 'running' && message.code === baseCodes.disconnect) {
          this.#answer = decodeDisconnect(message.payload);
          return;
        }
        if (this.#full && this.#state.is === 'running' && !this.#streamClosed) {
          this.#keepalive.reading = false;
          await new Promise<void>((resolve) => {
            this.#resumeReading = resolve;
          });
          this.#keepalive.reading = true;
        }
      }
      this.#finish({ reason: undefined, direction: 'remote', error: undefined });
    } catch (cause) {
      this.#fail(streamFailed(cause));
    }
  }

  /** Whether the budget of a protocol, or the limit of all, is used up. */
  get #full(): boolean {
    let unread = 0;
    for (const channel of this.#channels) {
      if (channel.full) return true;
      unread += channel.unreadBytes;
    }
    return unread >= this.#settings.receiveLimit;
  }

  #resume(): void {
    this.#resumeReading?.();
    this.#resumeReading = undefined;
  }

  /** Counts a message and delivers it. */
  #receive(message: Message): void {
    const { code, wireSize } = message;
    this.#keepalive.lastReceive = this.#settings.clock.monotonic();
    this.#counters.received(code, wireSize);
    if (this.#watchers.size > 0) this.#emitMessage('received', code, wireSize);
    // Messages that arrive after our Disconnect are dropped.
    if (this.#state.is !== 'running') return;
    if (code < baseLength) {
      this.#receiveBase(message);
      return;
    }
    const channel = this.#channelOf(code);
    if (channel === undefined) this.#fail(breach(`message ${code} belongs to no protocol`));
    else channel.deliver(message);
  }

  #receiveBase({ code, payload }: Message): void {
    switch (code) {
      case baseCodes.hello:
        this.#fail(breach('a second Hello'));
        break;
      case baseCodes.disconnect: {
        const reason = decodeDisconnect(payload);
        const error =
          reason === undefined
            ? new PeerError('disconnected', 'the remote disconnected: unknown reason', {
                direction: 'remote',
              })
            : undefined;
        this.#finish({ reason, direction: 'remote', error });
        break;
      }
      case baseCodes.ping:
        // A remote that sends Pings and does not read must not fill the send queue with Pongs.
        if (!this.#stream.congested) this.#send(baseCodes.pong, emptyList);
        break;
      case baseCodes.pong:
        this.#keepalive.pongReceived();
        break;
    }
  }

  #ping(): void {
    // The queued messages show activity as well as a Ping.
    if (this.#stream.congested) return;
    this.#keepalive.pingSent();
    this.#send(baseCodes.ping, emptyList);
  }

  #send(code: number, payload: Uint8Array): Promise<void> {
    if (this.#state.is !== 'running') {
      return quietReject(new PeerError('closed', 'the peer is disconnected'));
    }
    const sent = this.#stream.write(code, payload).then(
      (bytes) => {
        this.#keepalive.lastSend = this.#settings.clock.monotonic();
        this.#counters.sent(code, bytes);
        if (this.#watchers.size > 0) this.#emitMessage('sent', code, bytes);
      },
      (cause) => {
        throw sendFailed(cause);
      },
    );
    sent.catch(() => {});
    return sent;
  }

  async #run(name: string, instance: { run(): Promise<void> }): Promise<void> {
    try {
      await instance.run();
      this.#finish({ reason: 'requested', direction: 'local', error: undefined });
    } catch (cause) {
      this.#fail(protocolFailed(name, cause));
    }
  }

  #fail(error: PeerError): void {
    this.#finish({ reason: error.reason, direction: error.direction ?? 'local', error });
  }

  #finish(end: PeerEnd): void {
    if (this.#state.is !== 'running') return;
    this.#state = { is: 'disconnecting', end };
    this.#keepalive.stop();
    for (const channel of this.#channels) channel.end(end.direction);
    this.#resume();
    this.#disconnected = disconnect(this.#stream, end, this.#reading, {
      ...this.#settings,
      onSent: (bytes) => this.#counters.sent(baseCodes.disconnect, bytes),
    });
    this.#abort.abort();
    void this.#release(end);
  }

  async #release(cause: PeerEnd): Promise<void> {
    const { clock, closeTimeout } = this.#settings;
    await this.#disconnected;
    const answer = cause.direction === 'local' ? this.#answer : undefined;
    const end = answer === undefined ? cause : { ...cause, answer };
    // A protocol that does not end must not delay the end of the peer.
    await withTimeout(clock, closeTimeout, () => this.#runs).catch(() => {});
    for (const channel of this.#channels) channel.clear();
    this.#state = { is: 'closed', end };
    for (const events of this.#watchers) events.end({ type: 'dropped', end });
    this.#watchers.clear();
    if (diagnostics.hasSubscribers) {
      const { localId } = this.#stream;
      diagnostics.publish({ type: 'dropped', localId, peer: this, end });
    }
    this.#resolveClosed?.(end);
  }

  #channelOf(code: number): ProtocolChannel | undefined {
    for (const channel of this.#channels) {
      if (code < channel.offset + channel.length) return channel;
    }
    return undefined;
  }

  #emitMessage(direction: 'received' | 'sent', code: number, bytes: number): void {
    const channel = code < baseLength ? baseProtocol : this.#channelOf(code);
    const event = {
      type: 'message',
      direction,
      protocol: channel?.name ?? '',
      code: code - (channel?.offset ?? 0),
      bytes,
    } as const;
    for (const events of this.#watchers) if (events.messages) events.push(event);
  }
}

/** Form of a peer in `console.log`. */
Object.defineProperty(Session.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Session, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
    return `Peer ${inspect(this.toJSON(), options)}`;
  },
});

/** `host:port`, with IPv6 in brackets. */
function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
