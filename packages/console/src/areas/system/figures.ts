/** The figures of `/metrics` that say most, read from the text format of Prometheus (exposition format 0.0.4). */

/** The main figures; undefined where the server tells none. */
export interface Figures {
  /** Unix milliseconds. */
  readonly startedAt: number | undefined;
  readonly memoryBytes: number | undefined;
  /** Since the start, and those among them that failed by the server's fault (5xx). */
  readonly requests: number;
  readonly failed: number;
  /** Under this in 99 of 100 measurements. */
  readonly delayMs: number | undefined;
  readonly listeners: number | undefined;
  readonly watchLagSeconds: number | undefined;
  readonly logLagSeconds: number | undefined;
}

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

/** Reads them. Lines in another form are passed over: what is not known is not shown. */
export function readFigures(text: string): Figures {
  const samples = text.split('\n').flatMap(readSample);
  const sum = (name: string, labels = /(?:)/) => {
    const values = samples.filter((one) => one.name === name && labels.test(one.labels)).map(({ value }) => value);
    return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
  };
  const times = (factor: number, value: number | undefined) => (value === undefined ? undefined : value * factor);
  return {
    startedAt: times(1000, sum('process_start_time_seconds')),
    memoryBytes: sum('process_resident_memory_bytes'),
    requests: sum('signpost_http_requests_total') ?? 0,
    failed: sum('signpost_http_requests_total', /status="5\d\d"/) ?? 0,
    delayMs: times(1000, sum('nodejs_eventloop_lag_p99_seconds')),
    listeners: sum('signpost_push_listeners'),
    watchLagSeconds: sum('signpost_watch_lag_seconds'),
    logLagSeconds: sum('signpost_log_lag_seconds'),
  };
}

function readSample(line: string): readonly Sample[] {
  const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line) ?? [];
  const number = Number(value);
  return name === undefined || !Number.isFinite(number) ? [] : [{ name, labels, value: number }];
}

/** What Prometheus is told, so that it reads the figures of the server at `origin`. */
export function writeScrape(origin: string): string {
  const { protocol, host } = new URL(origin);
  return [
    'scrape_configs:',
    '  - job_name: signpost',
    `    scheme: ${protocol.replace(':', '')}`,
    '    authorization: { credentials_file: /etc/prometheus/signpost-key }',
    `    static_configs: [{ targets: ['${host}'] }]`,
  ].join('\n');
}
