export type { Chain, ChainRange, HeaderQuery } from './chain.ts';
export {
  checkForkId,
  type ForkHead,
  type ForkId,
  type ForkIdProblem,
  type ForkSchedule,
  forkId,
  forkIdCodec,
} from './forkid.ts';
