import { expectTypeOf, test } from 'vitest';
import {
  type Address,
  bindUdp,
  type Discv4,
  type Discv4Options,
  type ListenOptions,
  listen,
  type Sntp,
  sntpDrift,
  type UdpSocket,
} from '../src/udp.ts';

test('@devp2p/discv4/udp exports the types that its functions name', () => {
  expectTypeOf(listen).returns.resolves.toEqualTypeOf<Discv4>();
  expectTypeOf<ListenOptions>().toExtend<Discv4Options>();
  expectTypeOf(bindUdp).returns.resolves.toEqualTypeOf<UdpSocket>();
  expectTypeOf<UdpSocket['localAddress']>().toEqualTypeOf<Address>();
  expectTypeOf(sntpDrift).returns.toEqualTypeOf<Sntp>();
});
