import { expectTypeOf, test } from 'vitest';
import {
  type Address,
  type ConnectOptions,
  connect,
  type Enode,
  type Listener,
  listen,
  type RlpxOptions,
  type RlpxStream,
} from '../src/tcp.ts';

test('@devp2p/rlpx/tcp exports the types of its functions', () => {
  expectTypeOf(connect).returns.resolves.toEqualTypeOf<RlpxStream>();
  expectTypeOf<Enode>().toExtend<Parameters<typeof connect>[0]>();
  expectTypeOf<ConnectOptions>().toExtend<RlpxOptions>();
  expectTypeOf(listen).returns.resolves.toEqualTypeOf<Listener>();
  expectTypeOf<Listener['address']>().toEqualTypeOf<Address>();
});
