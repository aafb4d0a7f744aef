export { type Checker, createChecker, type ErrorClass } from './checker.ts';
export { nearestName } from './nearest-name.ts';
export {
  abortSignal,
  any,
  array,
  boolean,
  bytes,
  func,
  integer,
  methods,
  nonNegative,
  object,
  oneOf,
  positive,
  type Rule,
  type Rules,
  required,
  secret,
  string,
  uint,
} from './rule.ts';
