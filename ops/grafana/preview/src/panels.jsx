// Draws single panels with Grafana's own components; the state timeline, which is a plug-in of the
// server and not part of @grafana/ui, is imitated with plain boxes.
import { FieldType, getDisplayProcessor, toDataFrame } from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, Table, TimeSeries, useTheme2 } from '@grafana/ui';
import { useLayoutEffect } from 'react';
import { configured, frameOf } from './prometheus';

export function Curves({ panel, data, marks, range, width, height }) {
  const theme = useTheme2();
  const all = data.flat();
  if (!all.length) {
    return <Nothing text={panel.fieldConfig.defaults.noValue} />;
  }
  const frames = all.map((one, index) => frameOf(one, panel.fieldConfig, theme, index));
  const { legend } = panel.options;
  return (
    <TimeSeries frames={frames} timeRange={range} timeZone="utc" width={width} height={height} legend={legend}>
      {(config) => <Marks config={config} marks={marks} theme={theme} />}
    </TimeSeries>
  );
}

function Marks({ config, marks, theme }) {
  useLayoutEffect(() => {
    config.addHook('draw', (plot) => {
      const { ctx, bbox } = plot;
      for (const { at, color } of marks) {
        const x = Math.round(plot.valToPos(at, 'x', true));
        ctx.strokeStyle = theme.visualization.getColorByName(color);
        ctx.setLineDash([6, 6]);
        ctx.lineWidth = 2;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.setLineDash([]);
    });
  }, [config]);
  return null;
}

export function Figure({ panel, data, width, height }) {
  const theme = useTheme2();
  const [series] = data.flat();
  const config = panel.fieldConfig.defaults;
  if (!series) {
    const text = config.noValue ?? 'No data';
    return <BigValue value={{ text, numeric: NaN, color: theme.colors.text.primary }} width={width} height={height} theme={theme} />;
  }
  const frame = frameOf(series, { ...panel.fieldConfig, defaults: { ...config, color: { mode: 'thresholds' } } }, theme, 0);
  const field = frame.fields[1];
  const value = field.display(field.values.findLast((each) => each !== null));
  if (panel.options.textMode === 'name') {
    Object.assign(value, { text: series.name, prefix: '', suffix: '' });
  }
  return (
    <BigValue value={value} width={width} height={height} theme={theme} colorMode={BigValueColorMode.Value}
      graphMode={BigValueGraphMode.None} />
  );
}

// joinByField and organize, the two transformations that our tables use.
export function Rows({ panel, data, width, height }) {
  const theme = useTheme2();
  const key = panel.transformations[0].options.byField;
  const names = panel.transformations[1].options.renameByName;
  const keys = [...new Set(data.flat().map((one) => one.metric[key]))].sort();
  const of = (column, name) => {
    const found = column.find((one) => one.metric[key] === name);
    return found ? Number(found.values[0][1]) : null;
  };
  const columns = data.map((column, number) => {
    const letter = panel.targets[number].refId;
    return { name: names[`Value #${letter}`], values: keys.map((name) => of(column, name)) };
  });
  const frame = toDataFrame({
    fields: [
      { name: names[key], type: FieldType.string, values: keys, config: {} },
      ...columns.map(({ name, values }) => ({
        name, values, type: FieldType.number, config: configured(panel.fieldConfig, name),
      })),
    ],
  });
  for (const field of frame.fields) {
    field.display = getDisplayProcessor({ field, theme });
  }
  return <Table data={frame} width={width} height={height} />;
}

export function Bands({ panel, data, range, width, height }) {
  const theme = useTheme2();
  const [start, end] = [range.from.valueOf(), range.to.valueOf()];
  const all = data.flat();
  const row = Math.min(40, (height - 10) / Math.max(1, all.length));
  const words = panel.fieldConfig.defaults.mappings[0].options;
  return all.map((series) => (
    <div key={series.name} style={{ display: 'flex', height: row, alignItems: 'center', fontSize: 12 }}>
      <div style={{ width: 110, paddingRight: 8, textAlign: 'right', color: theme.colors.text.secondary }}>{series.name}</div>
      <div style={{ position: 'relative', flex: 1, height: row * 0.8, width: width - 110, overflow: 'hidden' }}>
        {runs(series.values, end).map(([from, to, value]) => (
          <div key={from} style={{
            position: 'absolute', left: `${(100 * (from - start)) / (end - start)}%`, width: `${(100 * (to - from)) / (end - start)}%`,
            height: '100%', background: theme.visualization.getColorByName(words[value]?.color ?? 'gray'), overflow: 'hidden',
            color: '#111', paddingLeft: 4, lineHeight: `${row * 0.8}px`, boxSizing: 'border-box',
          }}>
            {(to - from) / (end - start) > 0.06 ? words[value]?.text : ''}
          </div>
        ))}
      </div>
    </div>
  ));
}

function runs(values, end) {
  const found = [];
  for (const [at, value] of values.filter(([, value]) => value !== null)) {
    if (found.at(-1)?.[2] !== value) {
      found.push([at * 1000, end, value]);
      if (found.length > 1) found.at(-2)[1] = at * 1000;
    }
  }
  return found;
}

export function Nothing({ text }) {
  return <div style={{ padding: 20, opacity: 0.6 }}>{text ?? 'No data'}</div>;
}
