// Directions of families in the space of a layer's units: a list, and a page of each.

/** Return the name of a family of directions. */
const nameOfFamily = (family) => capital(ATLAS.shell.families[family] ?? family);

const meaningOfDirection = (name) => meaning(name, ATLAS.shell.definitions_of_directions);

/** Return the rows of a layer's directions, all or of a family, in order. */
function directionsOf(space, state) {
  const rows = space.columns.family.map((family, row) => ({ layer: space, row, family })).filter(({ family }) => !state.family || family === state.family);
  const order = Object.keys(ATLAS.shell.families);
  const byFamily = rows.sort((one, other) => order.indexOf(one.family) - order.indexOf(other.family) || one.row - other.row);
  return sortedRows(byFamily, state.sort);
}

/** Return the measures of directions, in the order of the table: all columns but their names. */
const measuresOfDirections = (space) => Object.keys(space.kinds).filter((name) => name in space.columns && !["family", "direction"].includes(name));

const addressOfDirection = (layer, space, row, state) => address(
  [layer.run.network, layer.run.dataset, layer.name, space.columns.family[row], String(space.columns.direction[row])], { sort: state.sort, family: state.family });

/** Return what a direction responds to: the first of its top images, or what the receptive field covers of them. */
function patchesOfDirection(layer, space, row, n, pixels) {
  const { image, position } = space.top;
  const found = image[row].slice(0, n).flatMap((place, rank) => (place < 0 ? [] : [patch(layer, place, position[row][rank], pixels)]));
  return found.length ? found : [h("span", { class: "muted" }, "never active")];
}

/** Return the value of a direction as a cell; the number of a unit leads to its page. */
function directionCell(layer, space, name, row) {
  const value = valueOf(space, name, row);
  if (/(^|_)unit$/.test(name) && layer.rowOf?.has(value)) {
    return h("td", { class: "number" }, h("a", { href: address([layer.run.network, layer.run.dataset, layer.name, String(value)]) }, String(value)));
  }
  return cell(value, space.kinds[name]);
}

/** Return the list of a layer's directions. */
async function directionsPage(layer, state, go) {
  const { run } = layer;
  if (!layer.n_directions) throw new Error(`${layer.name} has no directions of families in this atlas.`);
  const [space] = await Promise.all([openDirections(layer), openLayer(layer)]);
  const rows = directionsOf(space, state);
  const names = measuresOfDirections(space);
  const families = [...new Set(space.columns.family)];
  const found = count(rows.length, "direction");
  announce(found);
  const heading = (name) => sortHeading(name, label(name), { sort: state.sort, kind: space.kinds[name], title: meaningOfDirection(name), largestFirst: true, go });
  const body = h("tbody");
  const more = moreButton(body, rows, "direction", ({ row, family }) => h("tr", {},
    h("th", { scope: "row" }, h("a", { href: addressOfDirection(layer, space, row, state) }, h("span", { class: "where" }, nameOfFamily(family)), String(space.columns.direction[row]))),
    h("td", { class: "text" }, h("span", { class: "some" }, patchesOfDirection(layer, space, row, 4, 32))),
    names.map((name) => directionCell(layer, space, name, row))));
  return {
    title: `Directions of ${layer.name}, ${run.title} on ${run.dataset}`,
    content: [
      h("div", { class: "bar" }, h("h1", {}, layer.name, h("small", {}, ` ${run.title} on ${run.dataset}`)), seedsOf(run, [layer.name], { view: state.view }), neighborsOfLayer(layer, state)),
      h("p", { class: "facts" }, `Directions in the space of ${count(layer.shape[0], "unit")}, judged on images to which they were not fitted. The families have equal numbers of directions, and the strongest come first; units are a family, too.`),
      h("div", { class: "bar" }, h("h2", { id: "found" }, found), viewSwitch([run.network, run.dataset, layer.name], { ...state, sort: "", family: "" }, true)),
      choice("Family", "family", [["", "all"], ...families.map((family) => [family, nameOfFamily(family)])], state.family, (family) => go({ family })),
      rows.length
        ? h("div", {},
          scrolling("Table of directions", h("table", { class: "units directions" },
            h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "text" }, "Direction"), h("th", { scope: "col", class: "text" }, "Top patches"), names.map(heading))), body)),
          more)
        : h("p", { class: "empty" }, "The family has no directions in this layer."),
    ],
  };
}

/** Return the page of a direction: its top images, and its measures beside those of its family and of units. */
async function directionPage(layer, family, rest, state, go) {
  const { run } = layer;
  const space = layer.n_directions ? await openDirections(layer) : null;
  const row = space ? space.columns.family.findIndex((name, place) => name === family && String(space.columns.direction[place]) === rest[0]) : -1;
  if (row < 0 || rest.length > 1) throw new Error(`${layer.name} has no direction ${[family, ...rest].join("/")} in this atlas.`);
  const number = space.columns.direction[row];
  const list = directionsOf(space, state.family || state.sort ? state : { ...state, family });
  const linkOf = (found) => {
    const name = space.columns.direction[found.row];
    return { name, href: addressOfDirection(layer, space, found.row, state), title: `${nameOfFamily(found.family)}, ${name}` };
  };
  const tops = space.top.image[row].filter((place) => place >= 0).length;
  const shows = !state.hide.split(",").includes("field");
  announce(`${nameOfFamily(family)}, ${number}`);
  return {
    title: `${nameOfFamily(family)}, ${number}, ${layer.name}, ${run.title} on ${run.dataset}`,
    content: [
      h("div", { class: "bar" },
        h("h1", {}, `${nameOfFamily(family)}, ${number}`, h("small", {}, ` direction of ${layer.name}, ${run.title} on ${run.dataset}`)),
        stepLinks("direction", list, list.findIndex((each) => each.row === row), linkOf)),
      h("p", { class: "facts" }, `Of ${count(space.columns.family.filter((name) => name === family).length, "direction")} of its family, which are numbered from 0, the strongest first; ${fieldWords(layer)}`),
      h("div", { class: "two" },
        h("div", {},
          h("section", { class: "panel", id: "patches" },
            h("h2", {}, "Top patches"),
            tops
              ? [h("p", { class: "meaning" }, layer.field ? "What the receptive field covers at the position of the largest code, of the images with the largest codes." : "The receptive field is the whole image."), h("div", { class: "large-patches" }, patchesOfDirection(layer, space, row, 100, LARGE))]
              : h("p", { class: "empty" }, "The direction is never active.")),
          tops > 0 && h("section", { class: "panel", id: "top" },
            h("div", { class: "bar" }, h("h2", {}, "Maximally activating images"), overlayChoice(layer, {}, state, go)),
            imagesOf(run, layer, space.top, row, { boxed: shows }))),
        h("div", {}, measuresOfDirection(layer, space, row, family))),
    ],
  };
}

/** Return the measures of a direction, with its place among its family and among units. */
function measuresOfDirection(layer, space, row, family) {
  const of = (name, other) => space.columns.family.flatMap((each, place) => (each === other && Number.isFinite(valueOf(space, name, place)) ? [valueOf(space, name, place)] : []));
  const among = (values, value) => h("td", {}, values.length > 1 && [standing(values, value), Number.isFinite(value) && h("span", { class: "rank muted" },
    `above ${number(values.filter((other) => other < value).length)} of ${number(values.length)}`)]);
  const isRanked = (name) => space.kinds[name] === "number" && !/(^|_)unit$/.test(name);
  const withUnits = family !== "units" && space.columns.family.includes("units");
  return h("section", { class: "panel" },
    h("h2", {}, "Measures"),
    h("p", { class: "meaning" }, `The mark is this direction; the line holds the values of ${withUnits ? "its family, and of the layer’s strongest units judged in the same way" : "its family"}, the box half of them.`),
    h("table", { class: "standings of-direction" },
      h("thead", {}, h("tr", {}, ["Measure", "Value", "In its family", withUnits && "Among units"].filter(Boolean).map((words, place) => h("th", { scope: "col", class: place === 1 ? "number" : null }, words)))),
      h("tbody", {}, measuresOfDirections(space).map((name) => h("tr", {},
        h("th", { scope: "row", title: meaningOfDirection(name) || null }, label(name)),
        directionCell(layer, space, name, row),
        isRanked(name)
          ? [among(of(name, family), valueOf(space, name, row)), withUnits && among(of(name, "units"), valueOf(space, name, row))]
          : h("td", { colspan: withUnits ? 2 : 1 }))))));
}
