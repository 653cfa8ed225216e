// A dashboard of ours on Grafana's components, without a Grafana server: for eyes, not for proof.
import { createTheme, dateTime } from '@grafana/data';
import { GlobalStyles, PanelChrome, PortalContainer, ThemeContext } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router-dom';
import { Bands, Curves, Figure, Nothing, Rows } from './panels';
import { Prometheus } from './prometheus';

const asked = new URLSearchParams(location.search);
const [WIDTH, ROW, GAP] = [Number(asked.get('width') ?? 1600), 38, 8];
const LEAST = { '1m': 8 };
const KINDS = { timeseries: Curves, stat: Figure, table: Rows, 'state-timeline': Bands };

async function marksOf(board, prometheus) {
  const marks = [];
  for (const note of board.annotations?.list ?? []) {
    for (const series of await prometheus.range(note.expr)) {
      let before = -Infinity;
      for (const [at, value] of series.values) {
        if (value === null) continue;
        if (at - before > 3 * prometheus.step) marks.push({ at: at * 1000, color: note.iconColor, panels: note.filter.ids });
        before = at;
      }
    }
  }
  return marks;
}

function place({ x, y, w, h }) {
  const column = WIDTH / 24;
  return { left: x * column + GAP / 2, top: y * ROW + 40, width: w * column - GAP, height: h * ROW - GAP };
}

function Panel({ panel, prometheus, marks, range }) {
  const [data, setData] = useState(null);
  const [error, setError] = useState('');
  useEffect(() => {
    Promise.all(panel.targets.map((target) => prometheus.series(target, LEAST[panel.interval]))).then(setData, (problem) => setError(String(problem)));
  }, [panel]);
  const { left, top, width, height } = place(panel.gridPos);
  const Kind = KINDS[panel.type] ?? Nothing;
  return (
    <div style={{ position: 'absolute', left, top }}>
      <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
        {(inner, tall) =>
          error ? <pre>{error}</pre> : data && <Kind {...{ panel, data, range }} marks={marks.filter((mark) => mark.panels.includes(panel.id))} width={inner} height={tall} />
        }
      </PanelChrome>
    </div>
  );
}

function Board({ board, prometheus, marks }) {
  const [from, to] = [dateTime(prometheus.start * 1000), dateTime(prometheus.end * 1000)];
  const range = { from, to, raw: { from, to } };
  return (
    <div style={{ position: 'relative', width: WIDTH }}>
      <h4 style={{ padding: '8px 6px' }}>{board.title}</h4>
      {board.panels.map((panel) =>
        panel.type === 'row' ? (
          <div key={panel.id} style={{ position: 'absolute', ...place(panel.gridPos), fontWeight: 500, paddingTop: 6 }}>{panel.title}</div>
        ) : (
          <Panel key={panel.id} {...{ panel, prometheus, marks, range }} />
        )
      )}
    </div>
  );
}

async function start() {
  const board = await (await fetch(`/${asked.get('board')}.json`)).json();
  const variables = { instance: '.*', coin: asked.get('coin') ?? 'BTC' };
  const prometheus = new Prometheus(variables, Number(asked.get('seconds') ?? 300));
  const marks = await marksOf(board, prometheus);
  createRoot(document.getElementById('root')).render(
    <BrowserRouter>
      <ThemeContext.Provider value={createTheme({ colors: { mode: 'dark' } })}>
        <GlobalStyles />
        <Board {...{ board, prometheus, marks }} />
        <PortalContainer />
      </ThemeContext.Provider>
    </BrowserRouter>
  );
}

start();
