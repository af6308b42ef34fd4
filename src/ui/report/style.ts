/** The looks of the report, in light and dark. */
export const style = `
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --bad: light-dark(#b3261e, #ff8a80); --good: light-dark(#1b6e33, #7fd89a); }
body { font: 14px/1.45 system-ui, sans-serif; margin: 1.5rem auto; padding: 0 1rem; max-width: 1400px; background: light-dark(#fff, #16181c); color: light-dark(#1c1e21, #e4e6ea); }
h1 small { font-size: 1rem; font-weight: normal; }
h2 { margin-top: 2rem; font-size: 1.15rem; }
a { color: light-dark(#0b57d0, #8ab4f8); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.legend span { display: inline-block; margin-right: 1rem; }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px; background: hsl(var(--hue) 60% 55%); }
.timeline { border: 1px solid var(--line); border-radius: 4px; }
.row { display: flex; border-top: 1px solid var(--line); }
.row:first-child { border: 0; }
.row b { flex: 0 0 9rem; padding: 1px .5rem; overflow: hidden; text-overflow: ellipsis; font-weight: 600; white-space: nowrap; }
.lanes { position: relative; flex: 1; min-height: 20px; margin-right: 2.5rem; }
.lanes a { position: absolute; box-sizing: border-box; height: 18px; margin-top: 1px; min-width: 2px; overflow: hidden; font-size: 11px; line-height: 17px; white-space: nowrap; text-decoration: none; border-radius: 2px; color: light-dark(#000, #fff); background: light-dark(hsl(var(--hue) 65% 76%), hsl(var(--hue) 45% 34%)); }
.lanes a.decisive { border-bottom: 3px solid light-dark(#000, #fff); }
.lanes a.failed { background: repeating-linear-gradient(45deg, var(--bad) 0 4px, transparent 4px 8px); outline: 1px solid var(--bad); }
.lanes a.unfinished { opacity: .5; }
.axis span { position: absolute; font-size: 11px; border-left: 1px solid var(--line); padding-left: 3px; color: light-dark(#666, #aaa); }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .15rem .9rem .15rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; font-variant-numeric: tabular-nums; }
tr:has(:target) { background: light-dark(#fff3bf, #4a4215); }
.error { border-left: 3px solid var(--bad); padding-left: .8rem; margin: .8rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; }
`;
