const LARGE = 84; // pixels along an image on a unit's page, about; a third of that in tables

/** Return how large images are shown: small ones by a whole factor, so that their pixels stay squares. */
function sideOf(run, wanted) {
  const { side } = run.images;
  return side <= wanted ? side * Math.floor(wanted / side) : wanted;
}

/** Return where an image is in its sheet: the file, its columns, and the image's column and row. */
function inSheet(run, place) {
  const { columns, sheets } = run.images;
  const within = place % (columns * columns);
  const [file, tiles] = sheets[(place - within) / (columns * columns)];
  const across = Math.min(columns, tiles);
  return { file: `url("data/${run.key}/${file}")`, across, column: within % across, row: Math.floor(within / across) };
}

/** Return one of a run's images, out of its sheet; without a text if what is around it says what it is. */
function thumbnail(run, place, wanted, text, box = null, map = null) {
  const { file, across, column, row } = inSheet(run, place);
  const size = sideOf(run, wanted);
  return h("span", {
    class: run.images.side < 64 ? "thumb pixels" : "thumb",
    role: text === null ? null : "img",
    "aria-label": text,
    title: text,
    style: {
      width: `${size}px`,
      height: `${size}px`,
      backgroundImage: file,
      backgroundSize: `${across * size}px auto`,
      backgroundPosition: `${-column * size}px ${-row * size}px`,
    },
  }, map && mapOver(map, size), box && boxOver(box, run.size, size));
}

/** Return where the receptive field of a position begins, [top, left], which may be outside of the image. */
const startOfField = ({ field, shape }, position) => [Math.floor(position / shape[2]), position % shape[2]]
  .map((index, axis) => field.offset[axis] + field.stride[axis] * index);

/**
 * Return the square of an image that a position of a layer sees, [top, left, side]; null for about the whole image.
 *
 * Less than a seventh of the image is shown with what is around it: a few pixels alone say nothing.
 */
function squareAt(layer, position) {
  const { size } = layer.run;
  if (!layer.field || position < 0) return null;
  const side = Math.max(...layer.field.size, size / 7);
  if (side > 0.85 * size) return null;
  const start = startOfField(layer, position).map((first, axis) => first + (layer.field.size[axis] - side) / 2);
  return [...start.map((first) => Math.min(size - side, Math.max(0, first))), side];
}

/** Return what a position of a layer sees of an image, out of its sheet, as a square of some pixels. */
function patch(layer, place, position, pixels) {
  const { run } = layer;
  const { file, across, column, row } = inSheet(run, place);
  const [top, left, seen] = squareAt(layer, position) ?? [0, 0, run.size];
  const scale = pixels / seen;
  const shift = (index, first) => `${-(index * run.size + first) * scale}px`;
  const found = h("span", { class: run.images.side < 64 ? "patch pixels" : "patch" });
  found.style.cssText = `width: ${pixels}px; height: ${pixels}px; background-image: ${file}; background-size: ${across * run.size * scale}px auto; background-position: ${shift(column, left)} ${shift(row, top)}`;
  return found;
}

/** Return the activation map of a unit on one of its images with maps, to lie over that image. */
function mapOver({ layer, maps, row, rank }, size) {
  const file = Math.floor(row / maps.per_file);
  const rows = Math.min(maps.per_file, maps.image.length - file * maps.per_file);
  return h("span", {
    class: "map",
    style: {
      backgroundImage: `url("data/${layer.run.key}/maps/${layer.path}/${file}.webp")`,
      backgroundSize: `${maps.image[row].length * size}px ${rows * size}px`,
      backgroundPosition: `${-rank * size}px ${-(row % maps.per_file) * size}px`,
    },
  });
}

/** Return a frame around the pixels that a position sees, as far as they lie in the image. */
function boxOver([top, left, bottom, right], pixels, size) {
  const scale = size / pixels;
  return h("span", {
    class: "box",
    style: {
      top: `${top * scale}px`,
      left: `${left * scale}px`,
      width: `${(right - left) * scale}px`,
      height: `${(bottom - top) * scale}px`,
    },
  });
}

/** Return the pixels that a position of a layer sees, [top, left, bottom, right]; null for the whole image. */
function fieldAt(layer, position) {
  if (!layer.field || position < 0) return null;
  const size = layer.run.size;
  const start = startOfField(layer, position);
  const clip = (pixel) => Math.min(size, Math.max(0, pixel));
  const box = [...start.map(clip), ...start.map((first, axis) => clip(first + layer.field.size[axis]))];
  return box[0] === 0 && box[1] === 0 && box[2] === size && box[3] === size ? null : box;
}

/** Return how much of the image a layer's positions see, in words. */
function fieldWords(layer) {
  if (!layer.field) return "receptive field: the whole image";
  const [height, width] = layer.field.size;
  const size = layer.run.size;
  if (height === 1 && width === 1) return "receptive field: one pixel";
  const words = `receptive field: ${height} × ${width} of ${size} × ${size} pixels`;
  return height >= size && width >= size ? `${words}, about the whole image` : words;
}

/** Return the address of the page of an image. */
const addressOfImage = (run, place, state = {}) => address(["images", run.network, run.dataset, String(run.images.index[place])], state);

/** Return what an image is called: its number and class. */
const nameOfImage = (run, place) => `Image ${run.images.index[place]}, ${run.classes[run.images.label[place]]}`;

/**
 * Return the images at one end of a unit, each with its class, the unit's answer, and what was seen of it.
 *
 * over: what lies over them: `boxed`, whether the receptive field; `maps`, the images of the unit that have maps;
 * `labels`, words for each rank; and `size`, about the pixels along an image.
 */
function imagesOf(run, layer, end, row, { boxed = false, maps = null, labels = [], size = LARGE } = {}) {
  const { image, value, position } = end;
  const series = image[row].flatMap((place, rank) => {
    if (place < 0) return [];
    const name = run.classes[run.images.label[place]];
    const answer = value ? shown(Number(value[row][rank])) : null;
    // where a map is 0 all over, its largest value is anywhere
    const box = boxed && (!value || Number(value[row][rank]) !== 0) ? fieldAt(layer, position[row][rank]) : null;
    const of = maps ? maps.image[row].indexOf(place) : -1;
    const map = of >= 0 ? { layer, maps, row, rank: of } : null;
    return [{ image: place, name, answer, box, map, label: labels[rank], text: `${nameOfImage(run, place)}${value ? `: ${answer}` : ""}` }];
  });
  return h("ul", { class: "images" }, series.map(({ image, name, answer, label }, place) => h("li", {},
    h("figure", {}, zoomable(run, series, place, size),
      h("figcaption", {}, label && h("strong", {}, label),
        h("a", { class: "name", title: `${nameOfImage(run, image)}: the units that it activates most`, href: addressOfImage(run, image) }, name),
        answer !== null && h("span", { class: "value" }, answer))))));
}

const unseen = new Map(); // what is to be done when an element comes into view
const sight = new IntersectionObserver((entries) => entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => see(target)), { rootMargin: "150px" });

/** Do something when an element comes into view. */
function whenSeen(element, act) {
  unseen.set(element, act);
  sight.observe(element);
}

/** Do what waits for an element to come into view. */
function see(element) {
  const act = unseen.get(element);
  sight.unobserve(element);
  unseen.delete(element);
  return element.isConnected ? act?.() : null;
}

/** Do all that waits for elements to come into view, because they are printed without that. */
const seeAll = () => Promise.all([...unseen.keys()].map(see));

/** Forget what waits on a page that was left. */
const forgetUnseen = () => [...unseen.keys()].filter(({ isConnected }) => !isConnected).forEach(see);

let keptImages = []; // the browser drops images that nobody holds

/** Load the files of images out of view, so that they are there when the page is printed. */
function loadImages() {
  const files = new Set([...document.querySelectorAll("#main :is(.patch, .thumb, .map)")].map(({ style }) => /url\("(.+)"\)/.exec(style.backgroundImage)?.[1]));
  keptImages = [...files].filter(Boolean).map((file) => Object.assign(new Image(), { src: file }));
}

/** Return a few of a unit's top images, small; they are loaded when they come into view. */
function someImages(layer, row, n) {
  const { classes, images } = layer.run;
  const imagesIn = ({ image }) => {
    const places = image[row].slice(0, n).filter((place) => place >= 0);
    return places.length ? places.map((place) => thumbnail(layer.run, place, 32, classes[images.label[place]])) : [h("span", { class: "muted" }, "inactive")];
  };
  const host = h("span", { class: "some" }, layer.tiles && imagesIn(layer.tiles));
  host.style.minWidth = `${n * (sideOf(layer.run, 32) + 2)}px`;
  host.style.minHeight = `${sideOf(layer.run, 32)}px`; // as with images: readers come back to the same place
  if (!layer.tiles) whenSeen(host, () => openTiles(layer).then((tiles) => host.append(...imagesIn(tiles)), () => host.append("—")));
  return host;
}
