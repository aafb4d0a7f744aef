import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { MetricGroup } from './group.ts';

const memoryGauges = {
  process_resident_memory_bytes: ['Memory of the process', 'rss'],
  nodejs_heap_size_used_bytes: ['JavaScript heap in use', 'heapUsed'],
  nodejs_heap_size_total_bytes: ['JavaScript heap', 'heapTotal'],
  nodejs_external_memory_bytes: ['Memory beside the heap', 'external'],
} as const;

/**
 * Resources of the process and the delay of its event loop, with the metric names of prom-client. The default metrics
 * of prom-client would continue after the node is closed.
 */
export function measureProcess(registry: Registry): MetricGroup {
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const lag = new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late the event loop was since these were last read',
    labelNames: ['quantile'],
    registers,
  });
  const memory = Object.entries(memoryGauges).map(([name, [help, part]]) => ({
    gauge: new Gauge({ name, help, registers }),
    part,
  }));
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process',
    registers,
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, since the Unix epoch',
    registers,
  }).set(Math.round(performance.timeOrigin / 1000));
  return {
    update() {
      for (const percent of [50, 90, 99, 100]) {
        // Not a number before the first look.
        const nanoseconds = delay.percentile(percent) || 0;
        lag.set({ quantile: String(percent / 100) }, nanoseconds / 1e9);
      }
      delay.reset();
      const usage = process.memoryUsage();
      for (const { gauge, part } of memory) gauge.set(usage[part]);
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
    close: () => delay.disable(),
  };
}
