"""The look of the report: light and dark, from a phone's width to a wide screen, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #ffffff; --ink: #1f2328; --quiet: #59636e;
  --line: #d9dee4; --accent: #0072b2; --good: #1a7f37; --good-ground: #e6f6ea; --bad: #b42318; --bad-ground: #fdebe9; }
@media (prefers-color-scheme: dark) { :root { --ground: #0e1116; --card: #171b21; --ink: #e3e8ee; --quiet: #9aa4b0;
  --line: #2b323b; --accent: #58b1e8; --good: #56d07a; --good-ground: #12261a; --bad: #ff8d80;
  --bad-ground: #2e1614; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main, nav, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
.kicker { margin: 0; color: var(--accent); font-weight: 600; letter-spacing: .08em; text-transform: uppercase;
  font-size: .8rem; }
h1 { margin: .2rem 0 1.2rem; font-size: clamp(1.6rem, 4vw, 2.4rem); line-height: 1.15; letter-spacing: -.02em; }
h2 { margin: 0 0 .5rem; font-size: 1.35rem; letter-spacing: -.01em; }
p { max-width: 46rem; }
a { color: var(--accent); }
code { font: .9em ui-monospace, "Cascadia Mono", Menlo, monospace; }
.quiet, figcaption, footer { color: var(--quiet); font-size: .875rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
.sources { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem;
  margin: 0 0 1rem; }
.sources > div, section, .tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.sources > div { padding: .9rem 1.1rem; overflow-wrap: anywhere; }
dt { font-weight: 600; } dd { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.tile { padding: .8rem 1rem; } .tile p { margin: 0; }
.tile .name { font-weight: 600; } .tile .value { font-size: 1.6rem; font-variant-numeric: tabular-nums; }
.verdict { border-radius: 12px; padding: .8rem 1.1rem; border: 1px solid; margin: 1rem 0; }
.verdict ul { margin: .3rem 0 0; padding-left: 1.2rem; color: var(--ink); }
.good { color: var(--good); background: var(--good-ground); } .bad { color: var(--bad); background: var(--bad-ground); }
nav ul { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; list-style: none; margin: 0; padding: .6rem 0 1rem; }
section { padding: 1.4rem 1.5rem; margin: 0 0 1.25rem; }
figure { margin: 1.2rem 0 0; }
figure img { display: block; width: 100%; height: auto; border-radius: 6px; }
figcaption { padding-top: .5rem; max-width: 46rem; }
.scroll { overflow-x: auto; margin-top: 1.2rem; }
.scroll:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: .4rem; }
th, td { text-align: left; padding: .45rem .8rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--quiet); font-weight: 500; }
td { white-space: nowrap; }
td:last-child { white-space: normal; } .definition { display: block; min-width: 17rem; }
 .definition { color: var(--quiet); font-size: .85rem; }
footer { padding-top: .5rem; padding-bottom: 3rem; }
@media print { body { background: #fff; } nav, .skip { display: none; } section, .tile { break-inside: avoid; } }
"""
