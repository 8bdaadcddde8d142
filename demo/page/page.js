// Draws the demo's page: its tables from the numbers in it, its charts with what libraries there are.
//
// The page defines asked = { name: { sql, rows } } before this runs. Whatever cannot be drawn, because a
// library is missing, is there as a table or a text.

const colors = {
  lead: '#9db4c0', trial: '#5b8e7d', onboarding: '#4ba3c3', active: '#0e7c86', expanded: '#124e78',
  'At risk': '#f2b134', churned: '#d1495b', lost: '#b8b8b8',
};
const colorOf = label => colors[label.replace(/ \(\d+\)$/, '').replace('at_risk', 'At risk')] ?? '#8a8a8a';
const written = number => Number(number).toLocaleString('en-US');
const ink = '#16232f', soft = '#5b6b7a', line = '#e3e8ee';

function element(name, { text, ...attributes } = {}, ...children) {
  const made = Object.assign(document.createElement(name), attributes);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

// ---- the numbers ----

function table(rows) {
  const names = Object.keys(rows[0] ?? {});
  const style = name => (rows.every(row => row[name] === null || typeof row[name] === 'number') ? 'number' : '');
  const styles = names.map(style);
  return element('table', {},
    element('thead', {}, element('tr', {}, ...names.map((name, i) => element('th', { text: name, className: styles[i] })))),
    element('tbody', {}, ...rows.map(row => element('tr', {}, ...names.map((name, i) =>
      element('td', { className: styles[i], text: row[name] === null ? '' : typeof row[name] === 'number' ? written(row[name]) : row[name] }))))));
}

function addNumbers(name, drawn) {
  const { sql, rows } = asked[name];
  const section = document.getElementById(name);
  const text = rows[0]?.canvas;
  const shown = text ? element('pre', { text, className: 'numbers' })
    : element('div', { className: 'scroll' }, table(rows));
  section.append(
    element('details', { open: !drawn }, element('summary', { text: text ? 'The text in Mermaid’s language' : 'The numbers' }), shown),
    element('details', {}, element('summary', { text: 'The SQL' }), element('pre', { text: sql })));
}

function addToday() {
  const tiles = Object.entries(asked.today.rows[0]).map(([label, value]) =>
    element('div', {}, element('b', { text: (label === 'monthly revenue' ? '$' : '') + written(value) }), element('span', { text: label })));
  document.getElementById('today').append(...tiles);
}

// ---- the charts ----

const basis = {
  animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
  tooltip: { confine: true },
};
const quiet = { axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: soft, fontSize: 13 } };

const options = {
  funnel(rows) {
    const steps = rows.filter(row => row.segment === 'everybody');
    const segments = [...new Set(rows.map(row => row.segment))].filter(segment => segment !== 'everybody');
    const of = name => rows.filter(row => row.segment === name);
    return {
      ...basis,
      legend: { data: segments, right: 0, top: 0, textStyle: { color: soft } },
      series: [{
        type: 'funnel', sort: 'none', left: 0, width: '46%', top: 10, bottom: 10, minSize: '6%', gap: 3,
        label: { position: 'right', color: ink, fontSize: 14, formatter: ({ data }) =>
          `${data.name}  {b|${written(data.value)}}  {s|${data.share} %}`,
        rich: { b: { fontWeight: 700, fontSize: 14 }, s: { color: soft, fontSize: 13 } } },
        labelLine: { length: 12, lineStyle: { color: line } },
        tooltip: { formatter: ({ data }) => `${data.name}: ${written(data.value)}` },
        data: steps.map(row => ({ name: row.stage, value: row.reached, share: row['% of first'],
          itemStyle: { color: colorOf(row.stage) } })),
      }, ...segments.map((name, i) => ({
        type: 'line', name, symbolSize: 8, lineStyle: { width: 2.5 }, color: ['#124e78', '#d1495b', '#e09f3e'][i % 3],
        data: of(name).map(row => row['% of first']),
        tooltip: { valueFormatter: value => `${value} %` },
      }))],
      grid: { left: '70%', right: 16, top: 46, bottom: 30 },
      xAxis: { type: 'category', data: steps.map(row => row.stage), ...quiet, boundaryGap: false,
        axisLabel: { ...quiet.axisLabel, alignMinLabel: 'left', alignMaxLabel: 'right', interval: 0 } },
      yAxis: { type: 'value', ...quiet, axisLabel: { ...quiet.axisLabel, formatter: '{value} %' }, splitLine: { lineStyle: { color: line } } },
    };
  },

  flow(rows) {
    // A handful among thousands is thinner than a hair, and its label covers its neighbours'.
    const into = {};
    for (const row of rows) for (const end of ['from', 'to']) (into[row[end]] ??= { from: 0, to: 0 })[end] += row.customers;
    const size = node => Math.max(into[node].from, into[node].to);
    return {
      ...basis,
      series: [{
        type: 'sankey', left: 4, right: 136, top: 8, bottom: 8, nodeGap: 14, nodeWidth: 16, draggable: false, layoutIterations: 64,
        data: Object.keys(into).map(name => ({
          name, itemStyle: { color: colorOf(name) },
          label: { show: size(name) > 20, formatter: () => `${name}  {s|${written(size(name))}}` } })),
        label: { color: ink, fontSize: 13, rich: { s: { color: soft, fontSize: 12 } } },
        links: rows.map(row => ({ source: row.from, target: row.to, value: row.customers, days: row['days before'] })),
        lineStyle: { color: 'source', opacity: 0.28, curveness: 0.5 },
        emphasis: { focus: 'adjacency' },
        tooltip: { formatter: ({ dataType, data, name }) => (dataType === 'edge'
          ? `${data.source} → ${data.target}: <b>${written(data.value)}</b><br>after ${data.days} days`
          : `${name}: <b>${written(size(name))}</b>`) },
      }],
    };
  },

  cohorts(rows) {
    const months = [...new Set(rows.map(row => row.months))];
    const sizes = new Map(rows.map(row => [row.subscribed, row.customers]));
    return {
      ...basis,
      grid: { left: 130, right: 8, top: 34, bottom: 8 },
      xAxis: { type: 'category', data: months.map(String), position: 'top', ...quiet, name: 'months', nameTextStyle: { color: soft } },
      yAxis: { type: 'category', data: [...sizes.keys()], inverse: true, ...quiet,
        axisLabel: { fontSize: 13, color: ink, formatter: label => `${label}  {s|${sizes.get(label)}}`, rich: { s: { color: soft, width: 34, align: 'right' } } } },
      visualMap: { show: false, dimension: 2, min: 40, max: 100, inRange: { color: ['#fbead1', '#9fd0cb', '#0e7c86', '#0b4f63'] } },
      series: [{
        type: 'heatmap', itemStyle: { borderColor: '#fff', borderWidth: 2, borderRadius: 4 },
        // Not of the percentage, which is rounded already.
        label: { show: true, fontSize: 13, formatter: ({ data: { value } }) => Math.round(100 * value[3] / sizes.get(value[1])) },
        data: rows.map(row => ({ value: [String(row.months), row.subscribed, row['% retained'], row.retained],
          label: { color: row['% retained'] > 72 ? '#fff' : ink } })),
        tooltip: { formatter: ({ data: { value } }) => `${value[1]}, after ${value[0]} months: ${value[3]} of ${sizes.get(value[1])}, <b>${value[2]} %</b>` },
      }],
    };
  },

  census(rows) {
    const stages = [...new Set(rows.map(row => row.stage))];
    return {
      ...basis, tooltip: { trigger: 'axis', confine: true },
      legend: { data: stages, bottom: 0, itemWidth: 14, textStyle: { color: soft } },
      grid: { left: 52, right: 16, top: 14, bottom: 64 },
      xAxis: { type: 'time', ...quiet, axisLabel: { ...quiet.axisLabel, formatter: '{MMM}' } },
      yAxis: { type: 'value', ...quiet, axisLabel: { ...quiet.axisLabel, formatter: written }, splitLine: { lineStyle: { color: line } } },
      series: stages.map(name => ({
        type: 'line', name, stack: 'all', symbol: 'none', lineStyle: { width: 0 }, areaStyle: { opacity: 0.92 }, color: colorOf(name),
        data: rows.filter(row => row.stage === name).map(row => [row.day, row.customers]),
      })),
    };
  },
};

function drawCharts() {
  const charts = Object.entries(options).map(([name, option]) => {
    const chart = echarts.init(document.querySelector(`#${name} .drawing`), null, { renderer: 'svg' });
    chart.setOption(option(asked[name].rows));
    return chart;
  });
  addEventListener('resize', () => charts.forEach(chart => chart.resize()));
}

async function drawCanvas() {
  mermaid.initialize({
    startOnLoad: false, securityLevel: 'strict', maxTextSize: 1e6, theme: 'base', fontFamily: basis.textStyle.fontFamily,
    themeVariables: { primaryColor: '#fff', primaryTextColor: ink, primaryBorderColor: '#9fb0bf', lineColor: '#7b8c9b',
      compositeBackground: '#fbfcfd', compositeTitleBackground: '#eef2f6', edgeLabelBackground: '#fff', fontSize: '15px' },
  });
  const { svg } = await mermaid.render('picture', asked.canvas.rows[0].canvas);
  document.querySelector('#canvas .drawing').innerHTML = svg;
}

(async () => {
  const charts = typeof echarts === 'object', picture = typeof mermaid === 'object';
  addToday();
  for (const name of Object.keys(options)) addNumbers(name, charts);
  addNumbers('canvas', picture);
  for (const hole of document.querySelectorAll('.drawing'))
    if (!(hole.closest('#canvas') ? picture : charts)) hole.remove();
  if (charts) drawCharts();
  if (picture) await drawCanvas();
  if (!charts || !picture) {
    const plain = document.getElementById('plain');
    plain.textContent = 'What draws the pictures could not be had from npm when this page was written, so here are the numbers as tables.';
    plain.hidden = false;
  }
  document.body.dataset.done = 'yes';
})();
