'use strict';
(function () {
  const data = JSON.parse(document.getElementById('data').textContent);
  const page = document.getElementById('page');
  const runs = data.runs;
  // Okabe and Ito's palette, which people with any colour vision tell apart.
  const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8f7a00', '#7f7f7f'];
  const colour = i => colours[i % colours.length];
  const charts = [];

  function element(name, parent, text, kind) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    if (parent) parent.appendChild(made);
    return made;
  }

  function section(title, note) {
    const made = element('section', page);
    element('h2', made, title);
    if (note) element('p', made, note, 'note');
    return made;
  }

  function number(x) {
    if (x === null || x === undefined) return '';
    const size = Math.abs(x);
    if (Number.isInteger(x)) return x.toLocaleString('en');
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return x.toExponential(2);
    return x.toFixed(size >= 100 ? 1 : size >= 1 ? 3 : 4);
  }

  function table(parent, head, rows, kind) {
    const box = element('div', parent, undefined, 'wide');
    const made = element('table', box, undefined, kind);
    if (head) {
      const row = element('tr', element('thead', made));
      head.forEach(text => element('th', row, text).scope = 'col');
    }
    const body = element('tbody', made);
    rows.forEach(cells => {
      const row = element('tr', body);
      cells.forEach((cell, i) => {
        const made = element(i === 0 && kind ? 'th' : 'td', row, typeof cell === 'number' ? number(cell) : cell === null ? '' : cell);
        if (i === 0 && kind) made.scope = 'row';
      });
    });
    return made;
  }

  // Several curves over steps, each with steps of its own.
  function chart(parent, title, curves) {
    const shown = curves.filter(curve => curve.steps.length > 0);
    if (shown.length === 0) return;
    const card = element('figure', parent, undefined, 'card');
    card.style.margin = 0;
    element('h3', element('figcaption', card), title);
    const place = element('div', card);
    place.setAttribute('role', 'img');
    place.setAttribute('aria-label', title + ' by step; the numbers are in the table below');
    const steps = [...new Set(shown.flatMap(curve => curve.steps))].sort((a, b) => a - b);
    const at = new Map(steps.map((step, i) => [step, i]));
    const columns = shown.map(curve => {
      const column = new Array(steps.length).fill(undefined); // undefined: joined over, null: a gap
      curve.steps.forEach((step, i) => { column[at.get(step)] = curve.values[i]; });
      return column;
    });
    const draw = () => {
      place.textContent = '';
      const style = getComputedStyle(document.documentElement);
      const axis = { stroke: style.getPropertyValue('--quiet'), grid: { stroke: style.getPropertyValue('--line'), width: 1 } };
      return new uPlot({
        width: Math.max(240, place.clientWidth),
        height: 240,
        scales: { x: { time: false } },
        axes: [axis, { ...axis, size: 64, values: (u, ticks) => ticks.map(x => +x.toPrecision(6) + '') }],
        series: [{ label: 'step' }].concat(shown.map(curve => ({
          label: curve.label,
          stroke: curve.stroke,
          width: curve.width || 1.5,
          spanGaps: true,
          value: (u, x) => x === null || x === undefined ? '' : number(x),
          points: { show: curve.steps.length < 40 },
        }))),
      }, [steps].concat(columns), place);
    };
    const one = { place, draw, plot: draw() };
    charts.push(one);
    const numbers = element('details', card);
    element('summary', numbers, 'Numbers');
    numbers.addEventListener('toggle', () => {
      if (numbers.open && numbers.childElementCount === 1) {
        table(numbers, ['step'].concat(shown.map(curve => curve.label)),
          steps.map((step, i) => [step].concat(columns.map(column => column[i] === undefined ? null : column[i]))));
      }
    });
  }

  // An exponential mean over about a fiftieth of the run.
  function smooth(series) {
    const weight = 1 / Math.max(1, series.values.length / 50);
    let mean = null;
    const values = series.values.map(x => {
      if (x !== null) mean = mean === null ? x : mean + weight * (x - mean);
      return mean;
    });
    return { steps: series.steps, values };
  }

  function heat(parent, head, rows, most, text) {
    const made = table(parent, head, rows.map(row => [row[0]].concat(row.slice(1).map(x => x === null ? '' : text(x)))), 'heat');
    made.querySelectorAll('tbody tr').forEach((row, i) => row.querySelectorAll('td').forEach((cell, j) => {
      const x = rows[i][j + 1];
      if (x === null) return;
      const share = Math.max(0, Math.min(1, x / most));
      cell.style.backgroundColor = 'rgba(var(--heat), ' + (0.75 * share).toFixed(3) + ')';
    }));
    return made;
  }

  const several = runs.length > 1;
  document.getElementById('summary').textContent = runs.map(run => (several ? run.name + ': ' : '') + run.state).join('; ');

  // ---- curves
  const titles = {
    loss: 'Training loss', lm: 'Loss of the labels alone', balance: 'Balance loss', contrast: 'Contrastive loss',
    learning_rate: 'Learning rate', grad_norm: 'Gradient norm, before clipping', tokens_per_second: 'Tokens per second',
    memory_bytes: 'Memory, bytes', seconds: 'Seconds since the start',
  };
  const named = (run, label) => several ? run.name + (label ? ', ' + label : '') : label;
  const learning = section('Learning');
  const grid = element('div', learning, undefined, 'grid');
  const first = ['loss'];
  const names = [...new Set(runs.flatMap(run => Object.keys(run.series)))];
  first.concat(names.filter(name => !first.includes(name))).forEach(name => {
    const curves = [];
    runs.forEach((run, i) => {
      const series = run.series[name];
      if (!series || series.values.every(x => x === 0 || x === null)) return;
      if (name === 'lm' && series.values.every((x, at) => x === run.series.loss.values[at])) return;
      if (name === 'loss' || name === 'grad_norm' || name === 'tokens_per_second') {
        curves.push({ ...series, label: named(run, 'each step'), stroke: colour(i) + '66', width: 1 });
        curves.push({ ...smooth(series), label: several ? run.name : 'smoothed', stroke: colour(i), width: 2 });
      } else {
        curves.push({ ...series, label: several ? run.name : titles[name] || name, stroke: colour(i) });
      }
    });
    chart(grid, titles[name] || name, curves);
    if (name === 'loss') {
      chart(grid, 'Held-out loss', runs.map((run, i) => ({
        ...run.heldOut, label: several ? run.name : 'held-out loss', stroke: colour(i), width: 2 })));
      runs.forEach(run => {
        const tasks = Object.keys(run.tasks);
        if (tasks.length > 1) {
          chart(grid, named(run, 'held-out loss by task'), tasks.map((task, i) => ({
            ...run.tasks[task], label: task, stroke: colour(i) })));
        }
      });
    }
  });
  if (runs.some(run => run.bucket > 1)) {
    element('p', learning, 'Long curves are means over ' + runs.map(run => run.bucket).join(', ') + ' steps a point.', 'note');
  }

  // ---- accuracy
  if (data.accuracy) {
    const made = section('Held-out accuracy, percent');
    table(made, data.accuracy.head, data.accuracy.rows);
  }

  // ---- routing
  runs.filter(run => run.routing).forEach(run => {
    const routing = run.routing;
    const made = section('Who is routed where' + (several ? ': ' + run.name : ''),
      'I(task; expert) in bits: how much the expert that a token gets says about its task. Untrained routers, which see the same tokens, say '
      + number(routing.mean_untrained) + ' bits in the mean; these say ' + number(routing.mean_information) + '.');
    const parts = element('div', made, undefined, 'grid');
    const kinds = [...new Set(routing.linears.map(linear => linear.linear.split('.').pop()))];
    const layers = [...new Set(routing.linears.map(linear => linear.layer))].sort((a, b) => a - b);
    const find = (layer, kind) => routing.linears.find(l => l.layer === layer && l.linear.split('.').pop() === kind);
    const card = element('div', parts, undefined, 'card');
    element('h3', card, 'I(task; expert), layer by linear');
    heat(card, ['layer'].concat(kinds), layers.map(layer => ['' + layer].concat(kinds.map(kind => {
      const linear = find(layer, kind);
      return linear ? linear.information : null;
    }))), Math.max(...routing.linears.map(linear => linear.information), 1e-9), x => x.toFixed(2));

    const tasks = element('div', parts, undefined, 'card');
    element('h3', tasks, 'Share of each expert, by task, percent');
    const choice = element('select', tasks);
    choice.setAttribute('aria-label', 'linear');
    const byInformation = [...routing.linears].sort((a, b) => b.information - a.information);
    byInformation.forEach((linear, i) => {
      element('option', choice, linear.linear + ', ' + number(linear.information) + ' bits').value = i;
    });
    const place = element('div', tasks);
    const show = () => {
      place.textContent = '';
      const linear = byInformation[choice.value];
      heat(place, ['task, expert'].concat(linear.load.map((x, e) => '' + e)),
        Object.keys(linear.shares).map(task => [task].concat(linear.shares[task])), 1, x => (100 * x).toFixed(0));
      table(place, ['expert'].concat(linear.load.map((x, e) => '' + e)), [
        ['load, percent'].concat(linear.load.map(x => (100 * x).toFixed(1))),
        ['cosine of outputs'].concat(linear.cosine_same_expert.map(x => x === null ? '' : x.toFixed(3))),
        ['effective rank'].concat(linear.effective_rank.map(x => x === null ? '' : x.toFixed(2))),
      ], 'heat');
    };
    choice.addEventListener('change', show);
    show();
  });

  // ---- what it was made with
  if (several) {
    const made = section('What differs');
    if (data.differences.length === 0) element('p', made, 'Nothing but the folders and the times.', 'note');
    else table(made, ['setting'].concat(runs.map(run => run.name)), data.differences, 'facts');
  }
  runs.forEach(run => {
    const made = section(several ? run.name : 'What it was made with');
    run.facts.forEach(group => {
      const card = element('div', made, undefined, 'card');
      card.style.marginBottom = '12px';
      element('h3', card, group.title);
      table(card, null, group.rows, 'facts');
    });
  });
  if (data.commands.length > 0) {
    const made = section('To do it again');
    data.commands.forEach(command => element('div', made).appendChild(element('code', null, command)));
  }

  const redraw = () => charts.forEach(one => { one.plot.destroy(); one.plot = one.draw(); });
  let waiting = 0;
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 100);
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  document.documentElement.dataset.charts = charts.length;
})();
