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
    run.byName = new Map(run.layers.map((layer, place) => [layer.name, { ...layer, place, run }]));
    run.layers = [...run.byName.values()];
    run.numbers = Object.keys(run.columns).filter((name) => run.columns[name] === "number" && name !== "unit");
  }
  return run;
}

/** Return a layer with the columns of its units, and the row in which each unit stands. */
async function openLayer(layer) {
  if (!layer.columns) {
    const columns = parsedColumns(layer.run, (await load(`${layer.run.key}/layers/${layer.path}`)).columns);
    layer.rowOf = new Map(columns.unit.map((unit, row) => [unit, row]));
    layer.columns = columns;
  }
  return layer;
}

/**
 * Return columns with numbers in place of the words for which JSON has no numbers.
 *
 * A column is converted when it is first read: searches read few of the columns of many layers.
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

/** Return the columns and top images of a layer's units in the untrained network; null where there are none. */
async function openUntrained(layer) {
  if (!layer.run.untrained.includes(layer.path)) return null;
  if (!layer.untrained) {
    const { columns, top } = await load(`${layer.run.key}/untrained/${layer.path}`);
    layer.untrained = { columns: parsedColumns(layer.run, columns), top };
  }
  return layer.untrained;
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

/** Return a value of a unit: null where it was not measured, NaN where it is undefined. */
const valueOf = (layer, name, row) => layer.columns[name]?.[row] ?? null;

/** Return the values of a column that are finite. */
const finiteValues = (layer, name) => (layer.columns[name] ?? []).filter((value) => Number.isFinite(value));
