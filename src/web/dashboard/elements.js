// Small helpers: elements, and numbers as people read them. What the server sends is only ever set as text.
'use strict';

const byId = (id) => document.getElementById(id);

// element('td', {className: 'words'}, 'text', child): properties, then texts and elements.
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function columnHeads(table, columns) {
  table.tHead.replaceChildren(element('tr', {}, ...columns.map((column) => {
    const head = element('th', {className: column.className || '', textContent: column.title});
    head.scope = 'col';
    return head;
  })));
}

// Makes a table's body have one row for each item, in their order, and keeps the rows that are there already, so
// that neither the focus nor a selection is lost. `key` tells items apart, `fill` writes an item's cells.
function fillRows(body, items, key, fill) {
  const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  let place = body.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let row = old.get(name);
    old.delete(name);
    if (!row) {
      row = element('tr');
      row.dataset.key = name;
    }
    if (row === place) {
      place = place.nextElementSibling;
    } else {
      body.insertBefore(row, place);
    }
    fill(row, item);
  }
  for (const row of old.values()) row.remove();
}

// The cells of a row: the first one is its head.
function fillCells(row, columns, item) {
  columns.forEach((column, i) => {
    let cell = row.cells[i];
    if (!cell) {
      cell = element(i === 0 ? 'th' : 'td', {className: column.className || ''});
      if (i === 0) cell.scope = 'row';
      row.append(cell);
    }
    if (column.fill) {
      column.fill(cell, item);
    } else {
      setText(cell, column.text(item));
    }
  });
}

// A small square in a chart's or a class's colour, and its name.
function marked(name, color) {
  const mark = element('i');
  mark.style.background = color;
  return element('span', {}, mark, name);
}

const none = '–';
const percent = (share, digits = 0) => (share === null ? none : `${(100 * share).toFixed(digits)} %`);

function milliseconds(value) {
  if (value >= 9950) return `${(value / 1000).toFixed(0)} s`;
  if (value >= 995) return `${(value / 1000).toFixed(1)} s`;
  return `${value.toFixed(0)} ms`;
}

function bytes(value) {
  for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (value >= size) return `${(value / size).toFixed(value < 10 * size ? 1 : 0)} ${unit}`;
  }
  return `${value} B`;
}

function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;
