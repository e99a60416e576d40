// Copies of the picture: as SVG and as PNG, to the clipboard or as a file, as it is shown but for what is selected.

/** The picture as a document of its own, in the colors that the page shows it in. */
function standalone() {
  // Colors are taken from what is drawn, so what is selected is not, for a moment.
  const under = model.svg.querySelectorAll(".cursor");
  model.svg.classList.remove("dimmed");
  for (const element of marked) element.classList.remove("lit", "chosen", "end");
  for (const element of under) element.classList.remove("cursor");
  const text = written();
  for (const element of under) element.classList.add("cursor");
  paint();
  return text;
}

function written() {
  const copy = model.svg.cloneNode(true);
  const sources = [model.svg, ...model.svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  sources.forEach((element, i) => {
    const out = copies[i];
    const classes = [...element.classList];
    const style = classes.some((c) => c.startsWith("ks-")) ? getComputedStyle(element) : null;
    for (const [prefix, name] of [["ks-f-", "fill"], ["ks-s-", "stroke"]]) if (classes.some((c) => c.startsWith(prefix))) out.setAttribute(name, style[name]);
    const kept = classes.filter((c) => !c.startsWith("ks-") && !["lit", "chosen", "end", "off", "dimmed"].includes(c));
    if (kept.length) out.setAttribute("class", kept.join(" "));
    else out.removeAttribute("class");
    out.removeAttribute("aria-label");
    if (out !== copy) out.removeAttribute("role");
  });
  copy.setAttribute("role", "img");
  for (const gone of [...copy.querySelectorAll(".anchor, .above, .veil, .ring, .calls")]) gone.remove();
  sources.forEach((element, i) => {
    const hidden = element.classList?.contains("off") || (element.classList?.contains("layer") && getComputedStyle(element).display === "none");
    if (hidden) copies[i].remove();
    else if (element.classList?.contains("layer")) copies[i].removeAttribute("display");
  });
  copy.setAttribute("xmlns", SVG);
  return new XMLSerializer().serializeToString(copy);
}

/** The picture as pixels, twice as many as units, fewer where that would be too many for a browser. */
async function bitmap() {
  const url = URL.createObjectURL(new Blob([standalone()], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const scale = Math.min(2, 12000 / camera.width, 12000 / camera.height, Math.sqrt(9e7 / (camera.width * camera.height)));
    const sheet = make("canvas", { width: Math.round(camera.width * scale), height: Math.round(camera.height * scale) });
    sheet.getContext("2d").drawImage(image, 0, 0, sheet.width, sheet.height);
    return await new Promise((done, fail) => sheet.toBlob((blob) => (blob ? done(blob) : fail(new Error("the picture is too large"))), "image/png"));
  } finally {
    URL.revokeObjectURL(url);
  }
}

const fileName = (ending) => `${(document.title || "network").replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80)}.${ending}`;

function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const note = make("div", { className: "note", hidden: true, attr: { role: "status" } });
let noteEnds = 0;
function tell(text) {
  note.textContent = text;
  note.hidden = false;
  clearTimeout(noteEnds);
  noteEnds = setTimeout(() => (note.hidden = true), 4000);
}

/** Copies or saves, and announces the result. If the browser refuses the clipboard, the copy becomes a file. */
async function copying(what, write, otherwise) {
  try {
    await write();
    tell(`${what} copied`);
  } catch {
    await otherwise();
    tell(`The clipboard was refused: ${what} saved as a file`);
  }
}

const svgBlob = () => new Blob([standalone()], { type: "image/svg+xml" });
const saveSvg = async () => save(svgBlob(), fileName("svg"));
const savePng = async () => save(await bitmap(), fileName("png"));
const copySvg = () => copying("SVG", () => navigator.clipboard.writeText(standalone()), saveSvg);
const copyPng = () => copying("PNG", () => navigator.clipboard.write([new ClipboardItem({ "image/png": bitmap() })]), savePng);
const copyLink = async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    tell("Link to this view copied");
  } catch {
    tell("The clipboard was refused: the link is in the address bar");
  }
};
