// A larger image over the page.
const LARGEST = 560; // pixels

/** Return an image as a button that enlarges it; the series is what the large view goes through. */
const zoomable = (run, series, place, size) => h("button", {
  type: "button", class: "zoom", "aria-label": `${series[place].text}; enlarge`, title: series[place].text,
  onclick: () => enlarge(run, series, place),
}, thumbnail(run, series[place].image, size, null, series[place].box, series[place].map));

/** Show an image as large as there is room, with its class and number. */
function enlarge(run, series, place) {
  const viewer = document.getElementById("viewer");
  const { image, name, text, box, map } = series[place];
  const room = Math.min(LARGEST, window.innerWidth - 48, window.innerHeight - 190);
  const step = (to, words, id) => h("button", { type: "button", id, disabled: !series[to], onclick: () => enlarge(run, series, to) }, words);
  const focused = document.activeElement?.id;
  viewer.replaceChildren(
    h("h2", { id: "viewer-title" }, name),
    h("p", { class: "facts" }, `${text.replace(`, ${name}`, "")}${box ? "; framed: the receptive field" : ""}${map ? "; bright: the largest values of the activation map" : ""}`),
    thumbnail(run, image, Math.max(room, 2 * LARGE), text, box, map),
    h("div", { class: "buttons" }, step(place - 1, "← previous", "viewer-previous"), step(place + 1, "next →", "viewer-next"),
      map && h("button", {
        type: "button", id: "viewer-map", "aria-pressed": "true", onclick: ({ currentTarget }) => {
          const hidden = viewer.querySelector(".map").toggleAttribute("hidden");
          currentTarget.setAttribute("aria-pressed", String(!hidden));
        },
      }, "Activation map"),
      h("a", { class: "step", id: "viewer-page", href: addressOfImage(run, image) }, "Units that it activates most"),
      h("button", { type: "button", id: "viewer-close", onclick: () => viewer.close() }, "Close")));
  viewer.onkeydown = (event) => {
    const to = { ArrowLeft: place - 1, ArrowRight: place + 1 }[event.key];
    if (series[to]) enlarge(run, series, to);
  };
  viewer.onclick = (event) => { // returns nothing: false would keep links from being followed
    if (event.target === viewer) viewer.close();
  };
  if (!viewer.open) viewer.showModal();
  const kept = focused && viewer.querySelector(`#${CSS.escape(focused)}:enabled`);
  (kept || document.getElementById("viewer-close")).focus();
}
