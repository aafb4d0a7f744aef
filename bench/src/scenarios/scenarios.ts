import { announcementsScenario } from './announcements.ts';
import { engineScenario } from './engine.ts';
import { eventLoopScenario } from './event-loop.ts';
import { memoryScenario } from './memory.ts';
import { poolMemoryScenario } from './pool-memory.ts';
import { rpcBlockScenario, rpcCallScenario } from './rpc.ts';
import type { Scenario } from './scenario.ts';
import { syncScenario } from './sync.ts';

export const scenarios: readonly Scenario[] = [
  engineScenario,
  syncScenario,
  eventLoopScenario,
  memoryScenario,
  poolMemoryScenario,
  announcementsScenario,
  rpcBlockScenario,
  rpcCallScenario,
];
