/** Some metrics that belong together. */
export interface MetricGroup {
  /** Updates the values that are not counted by events; called before the metrics are read. */
  update?(): void;
  /** Ends the measuring. */
  close?(): void;
}
