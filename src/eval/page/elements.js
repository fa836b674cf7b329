// Makes HTML elements and formats figures, for all other files. Text from results.json only becomes
// text nodes, never markup.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);
const mean = (values) => (values.length ? values.reduce((a, b) => a + b, 0) / values.length : null);
const sum = (values) => values.reduce((a, b) => a + b, 0);

function fixed(value, digits = 2) {
  return isNumber(value) ? value.toFixed(digits) : null;
}

// About three significant digits: 0.0123, 1.23, 123, 12,300.
function figure(value) {
  if (!isNumber(value)) return null;
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return digits > 6
    ? value.toExponential(1)
    : Number(value.toPrecision(3)).toLocaleString('en', {minimumFractionDigits: digits > 3 ? 0 : digits});
}

function bytesText(bytes) {
  if (!isNumber(bytes)) return null;
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB']
  ]) {
    if (bytes >= size) return `${figure(bytes / size)} ${unit}`;
  }
  return `${figure(bytes)} B`;
}

// A run's delay in words.
const delayText = (run) =>
  run.delay === 'auto'
    ? `real time${isNumber(run.mean_delay) ? `, ${fixed(run.mean_delay, 1)}` : ''}`
    : run.delay > 0
      ? String(run.delay)
      : null;

const plural = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

// rows of cells; a cell is text, an element, null (not measured) or {text, class, span}.
function table(caption, head, rows, options = {}) {
  const cell = (tag, content, index) => {
    const plain = content !== null && typeof content === 'object' && !(content instanceof Node);
    const text = plain ? content.text : content;
    const classes = [plain && content.class, index === 0 && 'name', text === null && 'none']
      .filter(Boolean)
      .join(' ');
    const scope = tag !== 'th' ? null : options.rowHead && index === 0 ? 'row' : 'col';
    return element(
      tag,
      {class: classes || null, scope, colspan: plain ? content.span : null},
      text === null || text === undefined ? 'not measured' : text
    );
  };
  // The caption stands outside of the box, so that it does not scroll with a wide table.
  return element(
    'figure',
    {class: 'table'},
    element('figcaption', {}, caption),
    element(
      'div',
      {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': options.label},
      element(
        'table',
        {},
        element(
          'thead',
          {},
          head.map((row) =>
            element(
              'tr',
              {},
              row.map((c, i) => cell('th', c, i))
            )
          )
        ),
        element(
          'tbody',
          {},
          rows.map((row) =>
            element(
              'tr',
              {class: row.average ? 'average' : null},
              row.map((c, i) => cell(options.rowHead && i === 0 ? 'th' : 'td', c, i))
            )
          )
        )
      )
    )
  );
}

// How each strategy is drawn in all charts: a colour, and a dash pattern that tells strategies
// apart without colour.
const STYLES = Object.assign(Object.create(null), {
  'S-1': ['--purple', []],
  'S-8': ['--purple', [8, 4]],
  'S-auto': ['--purple', [2, 3]],
  'P-1': ['--blue', []],
  'P-8': ['--sky', [8, 4]],
  'F-1': ['--red', []],
  'F-8': ['--red', [8, 4]],
  wild: ['--grey', [2, 3]],
  tracking: ['--green', [10, 3, 2, 3]],
  'tracking-8': ['--green', [3, 3]],
  'just-in-time': ['--black', [6, 3]],
  'naive raw': ['--amber', []],
  'naive JPEG': ['--amber', [6, 4]],
  'naive H.264': ['--amber', [2, 3]],
  'naive raw-8': ['--amber', [10, 3]],
  'naive JPEG-8': ['--amber', [6, 3, 2, 3]],
  'naive H.264-8': ['--amber', [4, 3]],
  partial: ['--blue', []],
  full: ['--red', []],
  naive: ['--amber', []]
});
const SPARE_STYLES = [
  ['--green', []],
  ['--purple', []],
  ['--black', [4, 4]],
  ['--black', []],
  ['--sky', [2, 3]]
];

function styleOf(label) {
  if (!STYLES[label]) {
    const taken = Object.keys(STYLES).length;
    STYLES[label] = SPARE_STYLES[taken % SPARE_STYLES.length];
  }
  const [variable, dash] = STYLES[label];
  return {
    color: getComputedStyle(document.documentElement).getPropertyValue(variable).trim(),
    variable,
    dash
  };
}

// A short line as in the chart.
function lineSample(label) {
  const {variable, dash} = styleOf(label);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('width', 28);
  svg.setAttribute('height', 10);
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  const attributes = {x1: 1, y1: 5, x2: 27, y2: 5, 'stroke-width': 3, 'stroke-dasharray': dash.join(' ')};
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value);
  line.style.stroke = `var(${variable})`;
  svg.append(line);
  return svg;
}
