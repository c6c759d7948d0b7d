// Sliders that say where they are while they are dragged: at most every 80 ms, and one thing at a time. What
// was moved meanwhile is said when the page that answers the last word is on screen.

const BETWEEN = 80 // milliseconds
const PATIENCE = 10_000 // milliseconds until an answer is taken for lost; each time twice as many

export default function ({ data, parentElement, setTriggerValue }) {
  const state = (parentElement.slidersState ??= {
    rows: new Map(),
    unsaid: new Map(),
    waiting: null, // what was said last: {number, values}
    held: null, // the slider under a finger
    number: Date.now(),
    saidAt: 0,
    patience: PATIENCE,
  })
  Object.assign(state, { data, send: setTriggerValue })
  if (state.waiting && data.heard === state.waiting.number) {
    clearTimeout(state.lost)
    Object.assign(state, { waiting: null, patience: PATIENCE })
  }
  build(parentElement.querySelector(".sliders"), state)
  requestAnimationFrame(() => say(state)) // the browser has painted the answer
  return () => {
    clearTimeout(state.lost)
    clearTimeout(state.later)
    state.waiting = null
  }
}

function build(place, state) {
  const { sliders, wide } = state.data
  place.classList.toggle("wide", wide)
  const names = sliders.map((slider) => slider.name)
  if (names.join("\n") !== [...state.rows.keys()].join("\n")) {
    state.unsaid.clear()
    state.held = null
    state.rows = new Map(names.map((name, index) => [name, row(name, index, state)]))
    place.replaceChildren(...[...state.rows.values()].map(({ whole }) => whole))
  }
  sliders.forEach((slider) => update(slider, state))
}

function row(name, index, state) {
  const whole = document.createElement("div")
  const label = Object.assign(document.createElement("label"), { htmlFor: `slider-${index}` })
  const output = Object.assign(document.createElement("output"), { htmlFor: `slider-${index}` })
  output.setAttribute("aria-hidden", "true") // the slider says its value itself
  const input = Object.assign(document.createElement("input"), { type: "range", id: `slider-${index}` })
  whole.append(label, output, input)
  const release = () => {
    if (state.held !== name) return
    state.held = null
    const slider = state.data.sliders.find((each) => each.name === name)
    if (slider) update(slider, state)
  }
  input.addEventListener("pointerdown", () => (state.held = name))
  for (const end of ["pointerup", "pointercancel", "blur"]) input.addEventListener(end, release)
  input.addEventListener("input", () => {
    show(state.rows.get(name), Number(input.value))
    state.unsaid.set(name, Number(input.value))
    say(state)
  })
  return { whole, label, output, input }
}

// What is under a finger, or not yet answered, is where the person put it.
function update({ name, label, low, high, value }, state) {
  const parts = state.rows.get(name)
  parts.label.textContent = label
  if (state.held === name || state.unsaid.has(name) || name in (state.waiting?.values ?? {})) return
  Object.assign(parts.input, { min: low, max: high, step: (high - low) / state.data.steps, value })
  show(parts, value)
}

function show({ input, output }, value) {
  const rounded = Math.abs(value) < (input.max - input.min) * 1e-9 ? 0 : Number(value.toPrecision(3))
  const text = String(rounded).replace("-", "−")
  output.textContent = text
  input.setAttribute("aria-valuetext", text)
  input.style.setProperty("--share", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`)
}

function say(state) {
  if (state.waiting || !state.unsaid.size) return
  clearTimeout(state.later)
  const wait = state.saidAt + BETWEEN - performance.now()
  if (wait > 0) {
    state.later = setTimeout(() => say(state), wait)
    return
  }
  const waiting = { number: ++state.number, values: Object.fromEntries(state.unsaid) }
  Object.assign(state, { waiting, saidAt: performance.now() })
  state.unsaid.clear()
  state.send("moved", waiting)
  state.lost = setTimeout(() => {
    state.waiting = null
    state.patience *= 2
    for (const [name, value] of Object.entries(waiting.values))
      if (state.rows.has(name) && !state.unsaid.has(name)) state.unsaid.set(name, value)
    say(state)
  }, state.patience)
}
