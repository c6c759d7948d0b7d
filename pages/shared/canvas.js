// The canvas hides its toolbar over its upper right corner until a mouse comes near: a finger that begins a
// stroke there draws nothing, and finds no way to undo. So the toolbar is shown, below the canvas, for all.
const STYLE = `
  .dc-root { margin-bottom: 2.75rem; }
  .dc-root .dc-toolbar, .dc-root:hover > .dc-toolbar, .dc-root .dc-toolbar[data-pinned] {
    opacity: 1; transition: none; top: auto; bottom: -2.75rem; right: auto; left: 0; padding: 0;
  }
  .dc-toolbar-card { box-shadow: none; padding: 0; background: none; gap: 0.25rem; }
  .dc-icon-button { padding: 0.6rem; border: 1px solid var(--st-border-color, lightgrey); }
  .dc-icon-button:not([aria-label="Undo"], [aria-label="Redo"]), .dc-toolbar-separator { display: none; }
`;
const ID = "toolbar-below";
const PATIENCE = 20_000; // milliseconds until the canvas has surely been loaded

export default function ({ data }) {
  const giveUp = performance.now() + PATIENCE;
  let next = 0;
  const look = () => {
    const inside = [...document.querySelectorAll(`.st-key-${data.container} *`)];
    const roots = inside.map((element) => element.shadowRoot).filter((root) => root?.querySelector(".dc-toolbar"));
    for (const root of roots.filter((root) => !root.getElementById(ID))) {
      const style = document.createElement("style");
      style.id = ID;
      style.dataset.number = data.number;
      style.textContent = STYLE;
      root.append(style);
    }
    // The canvas before may still be on the page for a while: this one has come when one has its number.
    const come = roots.some((root) => root.getElementById(ID).dataset.number === String(data.number));
    if (!come && performance.now() < giveUp) next = requestAnimationFrame(look);
  };
  look();
  return () => cancelAnimationFrame(next);
}
