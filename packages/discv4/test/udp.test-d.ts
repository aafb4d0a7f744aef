import { expectTypeOf, test } from 'vitest';
import {
  type Address,
  type Discv4,
  type Discv4Options,
  type ListenOptions,
  listen,
  type Sntp,
  sntpDrift,
  type UdpEndpoint,
  type UdpSocket,
} from '../src/udp.ts';

test('@devp2p/discv4/udp exports the types that its functions name', () => {
  expectTypeOf(listen).returns.resolves.toEqualTypeOf<Discv4>();
  expectTypeOf<ListenOptions>().toExtend<Discv4Options>();
  expectTypeOf<NonNullable<ListenOptions['socket']>>().toEqualTypeOf<UdpSocket | UdpEndpoint>();
  expectTypeOf<UdpSocket['localAddress']>().toEqualTypeOf<Address>();
  expectTypeOf(sntpDrift).returns.toEqualTypeOf<Sntp>();
});
