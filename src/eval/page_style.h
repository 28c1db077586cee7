// The style of a report's page. It holds neither '<' nor '&', and so no "a > b".
#pragma once

namespace facerec {

inline constexpr const char* page_style = R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1e1e1e; --faint: #5f5f5f; --line: #dedede;
  --fine-line: #f0f0f0; --tint: #f6f7f9; --link: #0059a0; --good: #00704f; --bad: #a83f00; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e6e6e6; --faint: #a6a6a6; --line: #3c4046; --fine-line: #26292d;
    --tint: #202327; --link: #7db8ea; --good: #4fc79d; --bad: #f09a5f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 0.5rem; }
h1, h2, h3, p, li, figcaption, th, td { overflow-wrap: anywhere; }
p, ul { max-width: 50rem; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 1rem 0; padding: 0; list-style: none; }
.facts, .note, figcaption, caption { color: var(--faint); }
.note { font-size: 0.875rem; margin: 0.25rem 0; }
.better { color: var(--good); font-weight: 600; }
.worse { color: var(--bad); font-weight: 600; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.35rem; font-weight: 600; }
th, td { padding: 0.3rem 0.6rem; text-align: right; border-bottom: 1px solid var(--line); overflow-wrap: normal; }
td, thead th { white-space: nowrap; }
th { text-align: left; font-weight: 400; max-width: 20rem; }
thead th { font-weight: 600; text-align: right; background: var(--tint); }
thead th.label { text-align: left; }
.facts-table td { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 12rem; }
.facts-table th { white-space: nowrap; vertical-align: top; color: var(--faint); }
code { font: 0.875em/1.4 ui-monospace, 'Liberation Mono', 'DejaVu Sans Mono', monospace; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: 0.875rem; margin-top: 0.25rem; }
.plot { overflow-x: auto; }
.plot svg { display: block; width: 100%; min-width: 32rem; height: auto; border: 1px solid var(--line); }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.pair { border: 1px solid var(--line); padding: 0.5rem; background: var(--tint); }
.pair .images { display: grid; grid-template-columns: 1fr 1fr; gap: 0.25rem; }
.pair img { display: block; width: 100%; max-width: 112px; height: auto; }
.pair .score { font-weight: 600; color: var(--ink); }
@media (max-width: 40rem) {
  table { font-size: 0.8rem; }
  th, td { padding: 0.3rem 0.4rem; }
  tbody th { min-width: 4.75rem; max-width: 8rem; overflow-wrap: anywhere; }
}
@media print {
  @page { margin: 12mm; }
  :root { color-scheme: light; --paper: #ffffff; --ink: #000000; --faint: #444444; --line: #bbbbbb; --fine-line: #eeeeee;
    --tint: #f4f4f4; --link: #000000; --good: #00513a; --bad: #7a2e00; }
  body { font-size: 9.5pt; max-width: none; padding: 0; }
  nav { display: none; }
  h2, h3 { break-after: avoid; }
  figure, tr, .pair { break-inside: avoid; }
  .scroll, .plot { overflow: visible; }
  table { font-size: 7.5pt; width: 100%; }
  .note, figcaption { font-size: 8pt; }
  th, td { padding: 0.15rem 0.3rem; }
  .figures { grid-template-columns: 1fr 1fr; gap: 0.75rem; }
  .plot svg { min-width: 0; }
  .pairs { grid-template-columns: repeat(4, 1fr); }
}
)";

}  // namespace facerec
