/** Return the positions of a run's images of a class, all classes without one, whose number or class contains all words. */
function imagesWith(run, { text, class: ofClass = "" }) {
  const words = wordsOf(text);
  run.classTexts ??= run.classes.map((name) => name.toLowerCase());
  const { index, label } = run.images;
  const places = index.map((_, place) => place).filter((place) => !ofClass || run.classes[label[place]] === ofClass);
  return places.filter((place) => words.every((word) => word === "image" || word === String(index[place]) || run.classTexts[label[place]].includes(word)));
}

/** Return links to the images that a search finds, one for each run with any. */
function imagesFound(runs, text) {
  const found = runs.map((run) => [run, imagesWith(run, { text }).length]).filter(([, n]) => n > 0);
  return found.length > 0 && h("p", { class: "images-found" }, "Images with these words: ", found.map(([run, n], place) => [
    place > 0 && ", ",
    h("a", { href: address(["images", run.network, run.dataset], { text }) }, `${count(n, "image")} of ${run.title} on ${run.dataset}`),
  ]));
}

/** Return the page of an image, or of all images of a run. */
async function imagePages([network, dataset, image, ...rest], state, go) {
  const run = await knownRun(network, dataset);
  if (image === undefined) return imagesPage(run, state, go);
  const place = run.images.index.findIndex((index) => String(index) === image);
  if (place < 0 || rest.length) {
    throw new Error(`The atlas has no image ${[image, ...rest].join("/")} of ${run.title} on ${run.dataset}; it has ${number(run.images.index.length)} of its ${count(run.n_images, "image")}.`);
  }
  return imagePage(run, place, state);
}

/** Return the page of all images that are shown of a run. */
function imagesPage(run, state, go) {
  const places = imagesWith(run, state);
  const { text, class: ofClass } = state;
  const list = h("ul", { class: "images" });
  const more = moreButton(list, places, "image", (place) => h("li", {}, imageLink(run, place, LARGE, { text, class: ofClass })));
  const found = count(places.length, "image");
  announce(found);
  return {
    title: `Images, ${run.title} on ${run.dataset}`,
    content: [
      h("h1", {}, "Images", h("small", {}, ` ${run.title} on ${run.dataset}`)),
      h("p", { class: "facts" }, `The ${count(run.images.index.length, "image")} that the atlas shows, of ${number(run.n_images)} (${run.split}). The page of an image has the units that it activates most.`),
      wordsField(text, "class or number", go),
      ofClass && h("p", { class: "filter" }, "Class: ", h("strong", {}, ofClass), h("button", {
        type: "button",
        class: "quiet",
        id: "remove-class",
        "aria-label": `Show images of all classes, not only of ${ofClass}`,
        onclick: () => {
          document.getElementById("text").focus(); // the button goes away
          go({ class: "" });
        },
      }, "×")),
      h("p", { class: "found", id: "found" }, found),
      places.length ? [list, more] : h("p", { class: "empty" }, text
        ? `No image${ofClass && " of the class"} has all words in its class or as its number.`
        : `The atlas shows no image of the class ${ofClass}.`),
    ],
  };
}

/** Return a link to the page of an image: the image with its class. */
const imageLink = (run, place, size, state = {}) => h("a", { class: "image", href: addressOfImage(run, place, state) },
  thumbnail(run, place, size, nameOfImage(run, place)), h("span", { class: "name", "aria-hidden": "true" }, run.classes[run.images.label[place]]));

/** Return the page of an image: the units that it activates most, layer by layer. */
async function imagePage(run, place, state) {
  const { index, label, per_file: perFile } = run.images;
  const { layers, units } = await load(`${run.key}/images/${Math.floor(place / perFile)}`);
  const name = run.classes[label[place]];
  const list = imagesWith(run, state);
  announce(`Image ${index[place]}`);
  return {
    title: `image ${index[place]}, ${name}, ${run.title} on ${run.dataset}`,
    content: [
      h("div", { class: "bar" },
        h("h1", {}, `Image ${index[place]}`, h("small", {}, ` ${name}`)),
        stepLinks("image", list, list.indexOf(place), (to) => ({ name: index[to], href: addressOfImage(run, to, { text: state.text, class: state.class }) }))),
      h("p", { class: "facts" }, `${run.dataset} (${run.split}), as ${run.title} sees it: ${run.size} × ${run.size} pixels. `,
        h("a", { href: address(["search"], { where: [{ column: "top_class_1", operator: "is", value: name }], in: run.key }) }, "Units whose most common class is its class"), ", ",
        h("a", { href: address(["images", run.network, run.dataset], { class: name }), id: "class-images" }, "images of the class")),
      h("div", { class: "two image-page" },
        h("div", {}, thumbnail(run, place, 240, nameOfImage(run, place))),
        h("section", {},
          h("h2", {}, "Units that it activates most"),
          h("p", { class: "meaning" }, `For each unit, all ${number(run.n_images)} images are ranked by its largest value on them. These units of each layer have the best rank of this image; units that are inactive on it are left out. The percentage is the value relative to the unit’s largest. Beside each: the unit’s top images.`),
          !layers.length && h("p", { class: "empty" }, "None: only inputs and pooling layers are recorded."),
          layers.map((number, order) => drivenOf(run, run.layers[number], units[place % perFile][order])))),
    ],
  };
}

/** Return the units of a layer that an image activates most. */
function drivenOf(run, layer, numbers) {
  const found = Array.from({ length: numbers.length / 3 }, (_, place) => numbers.slice(3 * place, 3 * place + 3));
  return h("section", { class: "driven" },
    h("h3", {}, h("a", { href: address([run.network, run.dataset, layer.name]) }, layer.name)),
    found.length
      ? h("ul", { class: "near" }, found.map(([unit, rank, percent]) => h("li", {},
        h("a", { href: address([run.network, run.dataset, layer.name, String(unit)]) },
          h("span", { class: "name" }, `Unit ${unit}`),
          h("span", { class: "value" }, `rank ${number(rank)}, ${percent} %`),
          someImages(layer, unit, 3)))))
      : h("p", { class: "empty" }, "No unit is active on it."));
}
