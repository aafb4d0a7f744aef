export { AddrManError, type AddrManErrorCode } from './error.ts';
