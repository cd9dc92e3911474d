"use strict";

// What data scripts fill, by key. A page that is opened from disk may load scripts, and no other data.
const ATLAS = {};
const waiting = new Map();

/** Load data by key, once: a script in the folder "data" that fills ATLAS. */
function load(key) {
  if (!waiting.has(key)) {
    waiting.set(key, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `data/${key}.js`;
      script.onload = () => (key in ATLAS ? resolve(ATLAS[key]) : reject(new Error(`data/${key}.js is damaged`)));
      script.onerror = () => {
        waiting.delete(key);
        reject(new Error(`data/${key}.js is missing`));
      };
      document.head.append(script);
    }));
  }
  return waiting.get(key);
}

/** Return a run: what is said of a network on a data set, with its layers by name. */
async function openRun(network, dataset) {
  const run = await load(`${network}/${dataset}/run`);
  if (!run.byName) {
    run.key = `${network}/${dataset}`;
    let first = 0; // row of the layer's first unit among those of the run
    run.byName = new Map(run.layers.map((layer, place) => {
      const found = { ...layer, place, run, first };
      first += layer.shape[0];
      return [layer.name, found];
    }));
    run.layers = [...run.byName.values()];
    run.searching = {}; // columns of all units, see openColumns
    run.numbers = Object.keys(run.columns).filter((name) => run.columns[name] === "number" && name !== "unit");
  }
  return run;
}

/** Return all runs. */
const openRuns = () => Promise.all(ATLAS.shell.runs.map(({ network, dataset }) => openRun(network, dataset)));

/** Return the entry of a run in the list of all runs; undefined if the atlas lacks it. */
const listedRun = (network, dataset) => ATLAS.shell.runs.find((run) => run.network === network && run.dataset === dataset);

/** Return a layer with the columns of its units, and the row in which each unit stands. */
async function openLayer(layer) {
  if (!layer.columns) {
    const columns = parsedColumns(layer.run, (await load(`${layer.run.key}/layers/${layer.path}`)).columns);
    layer.rowOf = new Map(columns.unit.map((unit, row) => [unit, row]));
    layer.columns = columns;
  }
  return layer;
}

const PLACES = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }; // by bytes of a place

/**
 * Load columns of all units of a run: distinct values, and the place of each unit's value among them.
 *
 * What was not measured has the place after the last value.
 */
async function openColumns(run, names) {
  await Promise.all(names.filter((name) => run.searched.includes(name)).map(async (name) => {
    const found = await load(`${run.key}/search/${name}`);
    const { texts, numbers, places, bytes } = found;
    if (name in run.searching) return;
    run.searching[name] = {
      values: texts ?? new Float64Array(bytesOf(numbers).buffer),
      places: new PLACES[bytes](bytesOf(places).buffer),
      passing: new WeakMap(), // of tests, whether each distinct value passes
    };
    Object.assign(found, { numbers: null, places: null }); // as text no longer needed
  }));
}

/** Return the bytes that a text in Base64 holds. */
function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const found = new Uint8Array(letters.length);
  for (let at = 0; at < found.length; at++) found[at] = letters.charCodeAt(at);
  return found;
}

/**
 * Return columns with numbers in place of the words for which JSON has no numbers.
 *
 * A column is converted when it is first read: pages read few of many columns.
 */
function parsedColumns(run, columns) {
  const found = {};
  for (const [name, values] of Object.entries(columns)) {
    const define = (how) => Object.defineProperty(found, name, { enumerable: true, configurable: true, ...how });
    if (run.columns[name] !== "number") define({ value: values });
    else {
      define({
        get: () => {
          const parsed = values.map((value) => (typeof value === "string" ? Number(value) : value));
          define({ value: parsed });
          return parsed;
        },
      });
    }
  }
  return found;
}

const UNTRAINED = "0"; // the checkpoint before training

/** Return the checkpoints of a layer before the final one, in the order of training. */
const earlierOf = (layer) => layer.run.checkpoints.filter(({ layers }) => layers.includes(layer.path));

/** Return the columns and top images of a layer's units at a checkpoint before the final one; null if there are none. */
async function openCheckpoint(layer, name) {
  if (!earlierOf(layer).some((each) => each.name === name)) return null;
  layer.checkpoints ??= {};
  if (!layer.checkpoints[name]) {
    const { columns, top } = await load(`${layer.run.key}/checkpoints/${name}/${layer.path}`);
    layer.checkpoints[name] = { columns: parsedColumns(layer.run, columns), top };
  }
  return layer.checkpoints[name];
}

/** Return the directions of a layer as a space with columns, in place of those of its units, and top images. */
async function openDirections(layer) {
  if (!layer.space) {
    const { columns, top } = await load(`${layer.run.key}/directions/${layer.path}`);
    const kinds = layer.run.columns_of_directions;
    layer.space = { columns: parsedColumns({ columns: kinds }, columns), kinds, top };
  }
  return layer.space;
}

/** Return the top and bottom images, classes and most correlated units of a layer's units. */
const openUnits = (layer) => load(`${layer.run.key}/units/${layer.path}`);

/** Return the first top images of a layer's units. */
async function openTiles(layer) {
  layer.tiles ??= await load(`${layer.run.key}/tiles/${layer.path}`);
  return layer.tiles;
}

/** Return whether a column of a layer is loaded, or not measured in its run. */
const isLoaded = (layer, name) => Boolean(layer.columns) || name === "unit" || name in layer.run.searching || !layer.run.searched.includes(name);

/** Return a value of a unit: null where it was not measured, NaN where it is undefined. */
function valueOf(layer, name, row) {
  if (layer.columns) return layer.columns[name]?.[row] ?? null;
  if (name === "unit") return row;
  const column = layer.run.searching[name];
  return column?.values[column.places[layer.first + row]] ?? null;
}

/** Return whether the value in each row of a layer passes a test; the test of a search is called once for each distinct value. */
function passes(layer, name, test) {
  if (layer.columns || name === "unit") return (row) => test(valueOf(layer, name, row));
  const column = layer.run.searching[name];
  if (!column) {
    const all = test(null);
    return () => all;
  }
  if (!column.passing.has(test)) {
    const found = new Uint8Array(column.values.length + 1);
    for (let place = 0; place < found.length; place++) found[place] = test(column.values[place] ?? null);
    column.passing.set(test, found);
  }
  const [passing, { places }, { first }] = [column.passing.get(test), column, layer];
  return (row) => passing[places[first + row]] === 1;
}

/** Return the value at a share of a sorted list. */
const atShare = (sorted, share) => sorted[Math.round(share * (sorted.length - 1))];

/** Return the finite values of a column; none without the column. */
const finiteValues = (columns, name) => (columns[name] ?? []).filter((value) => Number.isFinite(value));
