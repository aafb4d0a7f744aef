import { expectTypeOf, test } from 'vitest';
import {
  type Channel,
  createNetworkSwitch,
  type MessageStream,
  openPeer,
  type Peer,
  type Protocol,
  protocol,
} from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';

interface EthApi {
  ask(): Promise<number>;
}
declare const stream: MessageStream;
declare const eth: Protocol<'eth', EthApi>;
const chat = protocol({ name: 'chat', version: 1, length: 2, run: () => Promise.resolve() });

test('the api of a single protocol is a property of the peer', async () => {
  const peer = await openPeer(stream, { protocols: [eth] });
  expectTypeOf(peer.eth).toEqualTypeOf<EthApi>();
  expectTypeOf(peer).toExtend<Peer>();
  // @ts-expect-error no such protocol
  peer.chat;
});

test('the network switch returns the same type of peer', async () => {
  const peer = await createNetworkSwitch().open(stream, { protocols: [eth] });
  expectTypeOf(peer.eth).toEqualTypeOf<EthApi>();
});

test('the api of each of several protocols may be undefined', async () => {
  const peer = await openPeer(stream, { protocols: [eth, chat] });
  expectTypeOf(peer.eth).toEqualTypeOf<EthApi | undefined>();
  expectTypeOf(peer.chat).toEqualTypeOf<Channel | undefined>();
});

test('two protocols of one name have either api', async () => {
  const other: Protocol<'eth', { other: true }> = {
    ...eth,
    attach: () => ({ api: { other: true }, run: () => Promise.resolve() }),
  };
  const peer = await openPeer(stream, { protocols: [eth, other] });
  expectTypeOf(peer.eth).toEqualTypeOf<EthApi | { other: true } | undefined>();
});

test('a list that is known only at run time returns a peer', async () => {
  const list: Protocol[] = [eth, chat];
  const peer = await openPeer(stream, { protocols: list });
  expectTypeOf(peer).toEqualTypeOf<Peer>();
});

test('the simple form keeps its name and has its channel as api', () => {
  expectTypeOf(chat).toEqualTypeOf<Protocol<'chat', Channel>>();
  expectTypeOf(streamPair()).toEqualTypeOf<[MessageStream, MessageStream]>();
});

test('invalid options do not compile', () => {
  // @ts-expect-error protocols are needed
  void openPeer(stream, {});
  // @ts-expect-error not a reason
  void openPeer(stream, { protocols: [eth], accept: () => 'go-away' });
});
