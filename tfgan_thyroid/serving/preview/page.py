"""The page at `/` of the preview server: a grid of scans by seed, and the way between two seeds. No network needed."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Generated scans</title>
<style>
  body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 62rem; padding: 0 1rem; }
  .scan { position: relative; background: #000; }
  .scan img, .scan canvas { width: 100%; display: block; }
  .mask { position: absolute; inset: 0; }
  body.plain .mask { visibility: hidden; }
  #grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .4rem; margin: 1rem 0; }
  figure { margin: 0; } figcaption { font-size: .8rem; color: #555; }
  label { margin-right: 1rem; } input[type=number] { width: 7rem; } input[type=range] { width: 18rem; }
  #between { width: 16rem; margin-top: .6rem; } #problem { color: #a00; } .note { color: #555; }
</style>
<h1>Generated scans</h1>
<p class="note">Synthetic: these images show nobody, and must not inform a diagnosis. A preview on this machine;
production is TF Serving, with the same requests.</p>
<label>Model <select id="model"></select></label>
<label>First seed <input id="seed" type="number" value="0" min="0"></label>
<label>Images <input id="count" type="number" value="24" min="1" max="64"></label>
<label id="paired" hidden><input id="masks" type="checkbox" checked> Masks</label>
<button id="show">Show</button>
<p id="problem" role="alert"></p>
<div id="grid"></div>
<h2>Between two seeds</h2>
<label>From <input id="from" type="number" value="0" min="0"></label>
<label>To <input id="to" type="number" value="1" min="0"></label>
<label><input id="way" type="range" min="0" max="1" step="0.02" value="0"> <output id="share"></output></label>
<div id="between" class="scan"><canvas id="image"></canvas><canvas id="mask" class="mask"></canvas></div>
<script>
const $ = id => document.getElementById(id);
async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}
const predict = body => ask(`/v1/models/${encodeURIComponent($("model").value)}:predict`, body);
async function guarded(work) {
  try { $("problem").textContent = ""; await work(); } catch (error) { $("problem").textContent = error.message; }
}
function seedOf(id) {
  const seed = $(id).valueAsNumber;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error("a seed is a whole number from 0 on");
  return seed;
}
// Colours [red, green, blue, opacity] of the pixels of a map of numbers, row by row.
function paint(canvas, size, colour) {
  canvas.width = canvas.height = size;
  const pixels = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) pixels.data.set(colour(i), 4 * i);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
const tint = inside => inside ? [255, 140, 0, 90] : [0, 0, 0, 0];
async function loaded(png) {
  const picture = new Image();
  picture.src = "data:image/png;base64," + png.b64;
  await picture.decode();
  return picture;
}
async function maskOf(png) {
  const picture = await loaded(png), size = picture.naturalWidth, canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  const levels = context.getImageData(0, 0, size, size).data;
  canvas.className = "mask";
  paint(canvas, size, i => tint(levels[4 * i] > 127));
  return canvas;
}
async function figureOf(prediction, seed) {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  const scan = document.createElement("div"), picture = await loaded(prediction.image_bytes || prediction);
  scan.className = "scan";
  scan.append(picture);
  if (prediction.mask_bytes) scan.append(await maskOf(prediction.mask_bytes));
  picture.alt = caption.textContent = "seed " + seed;
  figure.append(scan, caption);
  return figure;
}
let asked = 0;
async function showGrid() {
  const turn = ++asked, first = seedOf("seed");
  const seeds = Array.from({ length: Number($("count").value) }, (_, i) => first + i);
  const { predictions } = await predict({ instances: seeds });
  const figures = await Promise.all(predictions.map((prediction, i) => figureOf(prediction, seeds[i])));
  if (turn !== asked) return;  // another grid was asked for meanwhile
  $("grid").replaceChildren(...figures);
  $("paired").hidden = !predictions[0].mask_bytes;
}
// Normal latents lie near a sphere: the way between two of them keeps to it.
function between(a, b, share) {
  const dot = (u, v) => u.reduce((sum, x, i) => sum + x * v[i], 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))));
  if (angle < 1e-6) return a;
  const [p, q] = [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)];
  return a.map((x, i) => p * x + q * b[i]);
}
const latents = new Map();
async function latentOf(seed) {
  const key = $("model").value + " " + seed;
  if (!latents.has(key)) {
    latents.set(key, (await ask(`/preview/latents/${encodeURIComponent($("model").value)}/${seed}`)).latent);
  }
  return latents.get(key);
}
async function showBetween() {
  const share = Number($("way").value);
  const latent = between(await latentOf(seedOf("from")), await latentOf(seedOf("to")), share);
  const { predictions: [output] } = await predict({ signature_name: "generate_from_latent", instances: [latent] });
  const image = (output.image || output).flat(2), size = Math.sqrt(image.length);
  const level = i => Math.max(0, Math.min(255, Math.round((image[i] + 1) * 127.5)));
  paint($("image"), size, i => [level(i), level(i), level(i), 255]);
  const mask = output.mask && output.mask.flat(2);
  paint($("mask"), size, i => tint(mask && mask[i] > 0));
  $("share").textContent = share.toFixed(2);
}
// One request at a time: while one is under way, only the latest position of the slider waits.
let running = false, again = false;
async function slide() {
  if (running) { again = true; return; }
  running = true;
  do { again = false; await guarded(showBetween); } while (again);
  running = false;
}
$("show").onclick = () => guarded(showGrid);
for (const id of ["seed", "count"]) $(id).onchange = () => guarded(showGrid);
for (const id of ["from", "to", "way"]) $(id).oninput = slide;
$("masks").onchange = () => document.body.classList.toggle("plain", !$("masks").checked);
$("model").onchange = () => guarded(async () => { await showGrid(); await slide(); });
guarded(async () => {
  const { models } = await ask("/preview/models");
  $("model").replaceChildren(...models.map(name => new Option(name)));
  await showGrid();
  await slide();
});
</script>
</html>
"""
