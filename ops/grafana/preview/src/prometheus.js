// Runs a panel's queries and makes data frames of the answers, the way Grafana's data source does.
import { FieldType, getDisplayProcessor, toDataFrame } from '@grafana/data';

const POINTS = 400;

export class Prometheus {
  constructor(variables, seconds) {
    this.variables = variables;
    this.end = Math.floor(Date.now() / 1000);
    this.start = this.end - seconds;
    this.step = Math.max(2, Math.floor(seconds / POINTS));
  }

  fill(expr) {
    const rate = `${Math.max(8, 2 * this.step)}s`;
    const values = { ...this.variables, __rate_interval: rate };
    return expr.replace(/\$\{?(\w+)\}?/g, (all, name) => values[name] ?? all);
  }

  async ask(path, parameters) {
    const answer = await fetch(`/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const body = await answer.json();
    if (body.status !== 'success') {
      throw new Error(`${parameters.query}: ${body.error}`);
    }
    return body.data.result;
  }

  // A panel's least interval of a minute means four scrapes; here Prometheus scrapes every two seconds.
  async range(expr, least = 2) {
    const step = Math.max(this.step, least);
    const start = Math.ceil(this.start / step) * step;
    const query = this.fill(expr).replaceAll('$__interval', `${Math.max(8, step)}s`);
    const rows = await this.ask('query_range', { query, start, end: this.end, step });
    return rows.map((row) => ({ ...row, values: withGaps(row.values, start, this.end, step) }));
  }

  async instant(expr) {
    const rows = await this.ask('query', { query: this.fill(expr), time: this.end });
    return rows.map((row) => ({ metric: row.metric, values: [row.value] }));
  }

  async series(target, least) {
    const found = await (target.instant ? this.instant(target.expr) : this.range(target.expr, least));
    return found.map((one) => ({ ...one, name: named(target.legendFormat, one.metric) }));
  }
}

// Where Prometheus has nothing, the curve has a hole: Grafana's data source does the same.
function withGaps(values, start, end, step) {
  const known = new Map(values);
  const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, n) => start + n * step);
  return times.map((at) => [at, known.get(at) ?? null]);
}

function named(format, labels) {
  if (format !== '__auto') {
    return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');
  }
  return Object.values(labels).join(' ') || 'value';
}

// The defaults of the panel, and those overrides that mean this series.
export function configured(fieldConfig, name) {
  const config = structuredClone(fieldConfig.defaults ?? {});
  for (const { matcher, properties } of fieldConfig.overrides ?? []) {
    const hit =
      matcher.id === 'byName'
        ? matcher.options === name
        : new RegExp(matcher.options.replace(/^\/|\/$/g, '')).test(name);
    for (const { id, value } of hit ? properties : []) {
      const path = id.split('.');
      let place = config;
      path.slice(0, -1).forEach((part) => (place = place[part] ??= {}));
      place[path.at(-1)] = value;
    }
  }
  return config;
}

export function frameOf(series, fieldConfig, theme, index) {
  const config = { ...configured(fieldConfig, series.name), displayName: series.name };
  config.color ??= { mode: 'palette-classic' };
  const frame = toDataFrame({
    fields: [
      { name: 'Time', type: FieldType.time, values: series.values.map(([at]) => at * 1000) },
      { name: 'Value', type: FieldType.number, values: series.values.map(([, v]) => (v === null ? null : Number(v))), config },
    ],
  });
  const field = frame.fields[1];
  field.state = { seriesIndex: index };
  field.display = getDisplayProcessor({ field, theme });
  return frame;
}
