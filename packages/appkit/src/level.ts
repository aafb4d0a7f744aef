/// <reference types="node" preserve="true" />

export { type LevelProblem, levelProblem } from './level/level-problem.ts';
export {
  type KeyRange,
  type LevelChange,
  type LevelDatabase,
  type OpenLevelOptions,
  openLevel,
  type ReadOptions,
  type WriteOptions,
} from './level/open-level.ts';
