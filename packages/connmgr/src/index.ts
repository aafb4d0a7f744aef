export { ConnManagerError, type ConnManagerErrorCode } from './error.ts';
