import { expectTypeOf, test } from 'vitest';
import { type Address, type Message, type MessageStream, streamPair } from '../src/pipe.ts';

test('@devp2p/peer/pipe exports the types of its functions', () => {
  expectTypeOf(streamPair).returns.toEqualTypeOf<[MessageStream, MessageStream]>();
  expectTypeOf<MessageStream['read']>().returns.resolves.toEqualTypeOf<Message | undefined>();
  expectTypeOf<MessageStream['localAddress']>().toEqualTypeOf<Address | undefined>();
});
