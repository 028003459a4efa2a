"""The page at `/` of the preview server: a grid of scans by seed, and the way between two seeds. No network needed."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Generated scans</title>
<style>
  body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem auto; max-width: 62rem; padding: 0 1rem; }
  img { width: 100%; image-rendering: auto; background: #000; display: block; }
  #grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .4rem; margin: 1rem 0; }
  figure { margin: 0; } figcaption { font-size: .8rem; color: #555; }
  label { margin-right: 1rem; } input[type=number] { width: 7rem; } input[type=range] { width: 18rem; }
  #between { width: 16rem; } #problem { color: #a00; } .note { color: #555; }
</style>
<h1>Generated scans</h1>
<p class="note">Synthetic: these images show nobody, and must not inform a diagnosis. A preview on this machine;
production is TF Serving, with the same requests.</p>
<label>Model <select id="model"></select></label>
<label>First seed <input id="seed" type="number" value="0" min="0"></label>
<label>Images <input id="count" type="number" value="24" min="1" max="64"></label>
<button id="show">Show</button>
<p id="problem" role="alert"></p>
<div id="grid"></div>
<h2>Between two seeds</h2>
<label>From <input id="from" type="number" value="0" min="0"></label>
<label>To <input id="to" type="number" value="1" min="0"></label>
<label><input id="way" type="range" min="0" max="1" step="0.02" value="0"> <output id="share">0.00</output></label>
<canvas id="between"></canvas>
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
async function showGrid() {
  const seeds = Array.from({ length: Number($("count").value) }, (_, i) => Number($("seed").value) + i);
  const { predictions } = await predict({ instances: seeds });
  $("grid").replaceChildren(...predictions.map((image, i) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const picture = new Image();
    picture.src = "data:image/png;base64," + image.b64;
    picture.alt = caption.textContent = "seed " + seeds[i];
    figure.append(picture, caption);
    return figure;
  }));
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
  $("share").textContent = share.toFixed(2);
  const latent = between(await latentOf($("from").value), await latentOf($("to").value), share);
  const { predictions: [image] } = await predict({ signature_name: "generate_from_latent", instances: [latent] });
  const size = image.length, canvas = $("between");
  canvas.width = canvas.height = size;
  const pixels = new ImageData(size, size);
  image.flat().forEach((value, i) => {
    const level = Math.max(0, Math.min(255, Math.round((value[0] + 1) * 127.5)));
    pixels.data.set([level, level, level, 255], 4 * i);
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
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
for (const id of ["from", "to", "way"]) $(id).oninput = slide;
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
