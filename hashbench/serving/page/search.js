// Sends what is asked to the server, and shows what it finds. Text is put in as text, never as markup.
"use strict";

const part = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");
let about = { most_bytes: Infinity, words: false };
let latest = 0;

function milliseconds(seconds) {
  const value = 1000 * seconds;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })} ms`;
}

function far(distance, kind) {
  if (kind === "hamming") return distance === 1 ? "1 bit" : `${distance} bits`;
  return distance.toFixed(3).replace("-", "\u2212");
}

function card(hit, kind) {
  const [item, button, image, name, distance] = ["li", "button", "img", "span", "span"].map((tag) => document.createElement(tag));
  button.type = "button";
  Object.assign(image, { src: hit.thumbnail, alt: "", loading: "lazy", width: 160, height: 160 });
  Object.assign(name, { className: "name", textContent: hit.name, title: hit.name });
  Object.assign(distance, { className: "far", textContent: far(hit.distance, kind) });
  button.setAttribute("aria-label", `${hit.name}, ${distance.textContent} away. Find pictures like it`);
  button.addEventListener("click", () => byThumbnail(hit));
  button.append(image, name, distance);
  item.append(button);
  return item;
}

function say(...parts) {
  part("status").replaceChildren(...parts);
}

function strong(text) {
  const element = document.createElement("strong");
  element.textContent = text;
  return element;
}

function fail(sentence) {
  say();
  part("grid").replaceChildren();
  part("error").textContent = sentence[0].toUpperCase() + sentence.slice(1);
  part("error").hidden = false;
}

function preview(file) {
  const image = part("query");
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = !file;
  if (file) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
}

async function search(asked, file, request) {
  const turn = ++latest;
  part("error").hidden = true;
  part("results").setAttribute("aria-busy", "true");
  preview(file);
  say("Searching …");
  try {
    const response = await request();
    const answer = await response.json();
    if (turn !== latest) return;
    if (!response.ok) {
      preview(null);
      fail(answer.error);
      return;
    }
    part("grid").replaceChildren(...answer.found.map((hit) => card(hit, answer.distance)));
    if (!answer.found.length) {
      say("Nothing was found: there are no pictures in this index.");
      return;
    }
    const { encode, scan } = answer.seconds;
    say(
      strong(`${number(answer.found.length)} nearest to ${asked}`),
      ` among ${number(answer.pictures)} pictures of ${number(answer.bytes_per_picture)} bytes each · `,
      `${milliseconds(encode)} to encode, ${milliseconds(scan)} to scan`,
    );
  } catch {
    if (turn === latest) fail("The server does not answer. Is it still running?");
  } finally {
    if (turn === latest) part("results").setAttribute("aria-busy", "false");
  }
}

function byWords(words) {
  part("words").value = words;
  return search(`\u201c${words}\u201d`, null, () => fetch(`api/search?words=${encodeURIComponent(words)}`));
}

function byPicture(file, name) {
  if (file.size > about.most_bytes) {
    preview(null);
    latest += 1;
    fail(`The file is larger than ${about.most_bytes / 2 ** 20} MB. Choose a smaller picture.`);
    return;
  }
  part("words").value = "";
  if (location.search) history.pushState(null, "", location.pathname);
  const body = new FormData();
  body.append("picture", file, name);
  search(name, file, () => fetch("api/search", { method: "POST", body }));
}

async function byThumbnail(hit) {
  const response = await fetch(hit.thumbnail);
  if (!response.ok) {
    fail((await response.json()).error);
    return;
  }
  byPicture(await response.blob(), hit.name);
  part("results").focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

// What the address asks for: a search by words can be kept, sent, and gone back to.
function byAddress() {
  const words = new URLSearchParams(location.search).get("words");
  if (words && about.words) byWords(words);
}

part("words-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = part("words").value.trim();
  if (!words) return;
  history.pushState(null, "", `?words=${encodeURIComponent(words)}`);
  byWords(words);
});

part("picture").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) byPicture(file, file.name);
  event.target.value = "";  // the same file may be chosen again
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    part("drop").classList.toggle("over", kind === "dragover");
    const [file] = kind === "drop" ? event.dataTransfer.files : [];
    if (file) byPicture(file, file.name);
  });
}

addEventListener("popstate", byAddress);

fetch("api/about").then((response) => response.json()).then((told) => {
  about = told;
  part("pictures").textContent = number(told.pictures);
  part("bytes").textContent = number(told.bytes_per_picture);
  part("method").textContent = told.method;
  part("facts").hidden = false;
  part("words-form").hidden = !told.words;
  part("no-words").hidden = told.words;
  part("no-words").textContent = told.why_no_words ? `Words cannot be searched for here: ${told.why_no_words}` : "";
  byAddress();
}).catch(() => fail("The server does not answer. Is it still running?"));
