/** Style of the page. Colours keep apart for readers who see few of them (Okabe and Ito's set, darker or lighter by scheme). */
export const STYLE = `
:root{color-scheme:light dark;
--paper:#f6f6f3;--card:#fff;--ink:#1d1f24;--muted:#656b76;--grid:#dedfe3;--line:#e2e3e6;
--s0:#0b5cad;--s1:#c2570c;--s2:#0f8a64;--s3:#a8508a;--s4:#8a6d00;--s5:#4a6fd0;--objective:#7a7f8a;
--above:#0b7fbf;--below:#cf5a16;--warn:#8a4b00;--warn-paper:#fff3e0}
@media (prefers-color-scheme:dark){:root{
--paper:#14161a;--card:#1c1f25;--ink:#e6e8ec;--muted:#9aa1ad;--grid:#353a43;--line:#2a2e36;
--s0:#5db0ff;--s1:#ff9d52;--s2:#3fcf9e;--s3:#e093c6;--s4:#e0bf3a;--s5:#93a9ff;--objective:#9aa1ad;
--above:#3aa6ea;--below:#ff8a45;--warn:#ffcf8a;--warn-paper:#33270f}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1180px;margin:0 auto;padding:28px 16px 56px}
h1{font-size:1.85rem;line-height:1.2;margin:0 0 .3rem;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:0 0 .2rem;letter-spacing:-.01em}
section{margin-top:44px}
section>p,.lead{max-width:74ch;margin:.1rem 0 1rem;color:var(--muted)}
.lead{color:var(--ink);font-size:1.08rem}
.facts{color:var(--muted);margin:0 0 1.2rem;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;margin:1.1rem 0 0;font-size:.92rem}
a{color:var(--s0)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,158px),1fr));gap:12px;margin:1.2rem 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 14px;display:flex;flex-direction:column}
.tile b{font-size:1.6rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tile .label,.tile .note{color:var(--muted);font-size:.82rem;line-height:1.35}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:.4rem 0 0;padding:0;list-style:none;font-size:.9rem}
.legend i{display:inline-block;width:.72em;height:.72em;border-radius:50%;margin-right:.4em}
.warn{background:var(--warn-paper);color:var(--warn);border-radius:10px;padding:10px 14px;margin:0 0 10px;max-width:90ch}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:14px}
figure,.card{margin:0;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 14px 10px;min-width:0;display:flex;flex-direction:column}
figure>details{margin-top:auto;padding-top:8px}
.wide{grid-column:1/-1}
figcaption{font-size:.92rem;line-height:1.4;margin-bottom:6px}
figcaption strong{display:block}
figcaption span{color:var(--muted);font-size:.85rem}
.chart svg{display:block;width:100%;height:auto;max-width:520px;margin:0 auto}
details{margin-top:8px;font-size:.88rem}
summary{cursor:pointer;color:var(--muted)}
summary:focus-visible,a:focus-visible{outline:2px solid var(--s0);outline-offset:2px;border-radius:3px}
.scroll{overflow-x:auto;margin-top:6px}
table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums;width:100%}
th{font-weight:600;text-align:left;color:var(--muted);white-space:nowrap}
th,td{padding:4px 12px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}
td{white-space:nowrap}
.n{text-align:right}
tr:last-child td{border-bottom:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;background:var(--paper);border-radius:8px;padding:8px 10px;margin:4px 0 10px}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
footer{margin-top:48px;color:var(--muted);font-size:.86rem;border-top:1px solid var(--line);padding-top:14px}
@media (max-width:420px){figure,.card{padding:12px 10px 8px}main{padding:20px 12px 40px}}
@media print{body{background:#fff}figure,.tile{break-inside:avoid}details:not([open]){display:none}}
`;
