/** Some metrics that belong together. */
export interface MetricGroup {
  /** Brings up to date what is not counted as it happens; called before the metrics are read. */
  update?(): void;
  /** Ends the measuring. */
  close?(): void;
}
