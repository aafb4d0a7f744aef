/// <reference types="node" preserve="true" />

export { type BindOptions, type BindUdpOptions, bindRules, bindUdp } from './endpoint/bind-udp.ts';
export type { Address, UdpSocket } from './endpoint/udp-socket.ts';
export type { DiscoverError, DiscoverErrorCode } from './error.ts';
