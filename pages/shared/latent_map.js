// Listens to a map of points that Plotly has drawn: a picture beside the point under the mouse, clicks on
// points and on empty places, outlines drawn by hand; and marks what the page says. Mounted twice for each
// map: once with the sprite's bytes, which never change, and once with what does.

const sprites = (globalThis.autoencoderLabSprites ??= new Map())
const REACH = 9 // pixels from a point that are still on it
const STILL = 5 // pixels that a mouse moves in a click
const ENLARGED = 96 // pixels of a picture beside the mouse
const DOUBLE = 350 // milliseconds in which a second click on the same place is part of a double click
const MOST_CORNERS = 300

export default function ({ data, parentElement, setTriggerValue }) {
  if (data instanceof Uint8Array || data instanceof ArrayBuffer) return unpack(new Uint8Array(data))
  const state = (parentElement.mapState ??= { ...parts(parentElement), listening: null, off: [] })
  const { answer, always, ...told } = data
  Object.assign(state, { data, send: setTriggerValue, told: JSON.stringify(told) })
  show(answer, always, state.tools.querySelector(".answer"))
  const look = () => {
    const plot = document.querySelector(`.st-key-${data.map} .js-plotly-plot`)
    if (!plot?._fullLayout?.xaxis || !plot.on) return
    if (plot !== state.listening) listen(plot, state)
    if (!state.marking && !(plot.mapTold === state.told && stands(plot, data))) mark(plot, state)
  }
  clearInterval(state.timer)
  state.timer = setInterval(look, 100) // a map is drawn anew whenever its figure or the theme changes
  look()
  return () => {
    clearInterval(state.timer)
    state.off.forEach((off) => off())
    Object.assign(state, { off: [], listening: null })
  }
}

function show(answer, always, place) {
  place.classList.toggle("always", always)
  const told = JSON.stringify(answer)
  if (place.told === told) return
  place.told = told
  place.replaceChildren(
    ...answer.map(({ what, source }) => {
      const figure = document.createElement("figure")
      const caption = Object.assign(document.createElement("figcaption"), { textContent: what })
      figure.append(Object.assign(new Image(), { src: source, alt: "" }), caption)
      return figure
    }),
  )
}

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  let start = 4 + length
  sprites.get(head.sprite)?.sheets.forEach((url) => URL.revokeObjectURL(url))
  head.sheets = head.sizes.map((size) => {
    const sheet = new Blob([bytes.slice(start, start + size)], { type: "image/png" })
    start += size
    return URL.createObjectURL(sheet)
  })
  head.kept = head.sheets.slice(0, 4).map((url) => Object.assign(new Image(), { src: url })) // ready beforehand
  head.kept.forEach((image) => image.decode().catch(() => {}))
  sprites.set(head.sprite, head)
}

function parts(parentElement) {
  const card = parentElement.querySelector(".card")
  const tools = parentElement.querySelector(".tools")
  tools.hidden = false
  return { tools, card: { card, picture: card.querySelector(".picture"), text: card.querySelector(".text") } }
}

function useTools(plot, state) {
  const buttons = [...state.tools.querySelectorAll("button")]
  const show = () => {
    for (const button of buttons.slice(0, 2))
      button.setAttribute("aria-pressed", button.dataset.mode === plot._fullLayout.dragmode)
  }
  for (const button of buttons) {
    const { mode } = button.dataset
    button.onclick = async () => {
      await window.Plotly.relayout(plot, mode === "whole" ? whole(plot) : { dragmode: mode })
      show()
    }
  }
  show()
}

// At first only where points are crowded is seen.
function whole(plot) {
  const reach = (axis) => {
    let [low, high] = [Infinity, -Infinity]
    for (const trace of plot._fullData) {
      for (const value of trace[axis]) {
        if (value < low) low = value
        if (value > high) high = value
      }
    }
    const margin = (high - low) * 0.04 || 1
    return [low - margin, high + margin]
  }
  return { "xaxis.range": reach("x"), "yaxis.range": reach("y") }
}

function listen(plot, state) {
  state.off.forEach((off) => off())
  state.listening = plot
  let down = null
  let last = { at: 0 }
  const on = (target, name, handler) => {
    target.addEventListener(name, handler, true)
    return () => target.removeEventListener(name, handler, true)
  }
  const selected = (event) => {
    const { x = [], y = [] } = event?.lassoPoints ?? corners(event?.range) ?? {}
    const step = Math.ceil(x.length / MOST_CORNERS) || 1
    const some = (values) => Array.from(values).filter((_, index) => index % step === 0)
    state.send("lasso", { x: some(x), y: some(y) })
  }
  const deselected = () => state.data.selected && state.send("lasso", { x: [], y: [] })
  useTools(plot, state)
  plot.on("plotly_selected", (event) => event && selected(event))
  plot.on("plotly_deselect", deselected)
  state.off = [
    () => plot.removeListener?.("plotly_deselect", deselected),
    on(plot, "pointermove", (event) => hover(plot, event, state)),
    on(plot, "pointerleave", () => (state.card.card.hidden = true)),
    on(plot, "pointerdown", (event) => {
      down = event.target.closest?.(".nsewdrag") ? { x: event.clientX, y: event.clientY, moved: 0 } : null
    }),
    on(window, "pointermove", (event) => {
      if (down) down.moved = Math.max(down.moved, Math.hypot(event.clientX - down.x, event.clientY - down.y))
    }),
    on(window, "pointerup", (event) => {
      const still = down && down.moved < STILL // an outline that ends where it began is no click
      down = null
      if (!still) return
      const again = performance.now() - last.at < DOUBLE && Math.hypot(event.clientX - last.x, event.clientY - last.y) < STILL
      last = { at: performance.now(), x: event.clientX, y: event.clientY }
      const place = where(plot, event)
      if (again || !place) return
      const point = nearest(plot, place)
      const { xaxis, yaxis } = plot._fullLayout
      state.send("click", { x: xaxis.p2d(place.x), y: yaxis.p2d(place.y), number: point ? point.number : null })
    }),
  ]
}

function corners(range) {
  if (!range?.x) return null
  const [left, right] = range.x
  const [low, high] = range.y
  return { x: [left, right, right, left], y: [low, low, high, high] }
}

function where(plot, event) {
  const { xaxis, yaxis } = plot._fullLayout
  const box = plot.getBoundingClientRect()
  const x = event.clientX - box.left - xaxis._offset
  const y = event.clientY - box.top - yaxis._offset
  return x < 0 || y < 0 || x > xaxis._length || y > yaxis._length ? null : { x, y }
}

function pointTraces(plot) {
  return plot._fullData.slice(0, -2) // the line and the marks come last
}

function nearest(plot, place) {
  const { xaxis, yaxis } = plot._fullLayout
  const [left, across] = [xaxis.l2p(0), xaxis.l2p(1) - xaxis.l2p(0)]
  const [top, down] = [yaxis.l2p(0), yaxis.l2p(1) - yaxis.l2p(0)]
  let best = REACH * REACH
  let found = null
  for (const trace of pointTraces(plot)) {
    if (trace.visible !== true) continue
    for (let index = 0; index < trace.x.length; index++) {
      const dx = left + across * trace.x[index] - place.x
      const dy = top + down * trace.y[index] - place.y
      const distance = dx * dx + dy * dy
      if (distance < best) {
        best = distance
        found = { trace, index }
      }
    }
  }
  return found && { name: found.trace.name, number: Number(found.trace.customdata[found.index]) }
}

function hover(plot, event, state) {
  const { card, picture, text } = state.card
  const place = event.buttons ? null : where(plot, event)
  const point = place && nearest(plot, place)
  const sprite = sprites.get(state.data.map)
  card.hidden = !point
  if (!point) return
  text.textContent = `${point.name} · picture ${point.number}`
  const index = sprite ? state.data.numbers ? state.data.numbers.indexOf(point.number) : point.number : -1
  picture.hidden = index < 0
  if (index >= 0) {
    const factor = Math.max(1, Math.floor(ENLARGED / Math.max(sprite.height, sprite.width)))
    const [width, height] = [sprite.width * factor, sprite.height * factor]
    const at = index % sprite.perSheet
    const row = Math.floor(at / sprite.across)
    Object.assign(picture.style, {
      width: `${width}px`,
      height: `${height}px`,
      backgroundImage: `url(${sprite.sheets[Math.floor(index / sprite.perSheet)]})`,
      backgroundSize: `${sprite.across * width}px auto`,
      backgroundPosition: `-${(at % sprite.across) * width}px -${row * height}px`,
    })
  }
  const right = event.clientX + 16 + card.offsetWidth > innerWidth
  const below = event.clientY + 16 + card.offsetHeight > innerHeight
  card.style.left = `${event.clientX + (right ? -16 - card.offsetWidth : 16)}px`
  card.style.top = `${event.clientY + (below ? -16 - card.offsetHeight : 16)}px`
}

// Streamlit may put an older state of the figure in place of one that was marked meanwhile.
function stands(plot, data) {
  const marks = plot._fullData.at(-1)
  const same = (one, other) => one?.length === other.length && other.every((value, index) => one[index] === value)
  return (
    same(marks.x, data.marks.x) &&
    same(marks.y, data.marks.y) &&
    same(plot._fullData.at(-2).x, data.line.x) &&
    pointTraces(plot).every(
      (trace, index) =>
        (trace.visible === true) === !data.hidden.includes(index) && (!data.selected || trace.selectedpoints),
    )
  )
}

// Whether the last place is in view: one found by its number or a link need not be.
function seen(plot, { x, y }) {
  const within = (value, [low, high]) => value === undefined || (value >= low && value <= high)
  const { xaxis, yaxis } = plot._fullLayout
  return within(x.at(-1), xaxis.range) && within(y.at(-1), yaxis.range)
}

async function mark(plot, state) {
  const { data, told } = state
  const chosen = data.selected && new Set(data.selected)
  const traces = pointTraces(plot)
  const inside = (trace) =>
    Array.from(trace.customdata, (number, index) => (chosen.has(Number(number)) ? index : -1)).filter((index) => index >= 0)
  const indices = traces.map((trace) => trace.index)
  const count = plot._fullData.length
  const { restyle, relayout } = window.Plotly
  state.marking = true
  try {
    const visible = traces.map((_, index) => !data.hidden.includes(index))
    const selectedpoints = traces.map((trace) => (chosen ? inside(trace) : null))
    await restyle(plot, { visible, selectedpoints }, indices)
    const { line, marks } = data
    await restyle(plot, { x: [line.x, marks.x], y: [line.y, marks.y], text: [[], marks.text] }, [count - 2, count - 1])
    const places = JSON.stringify(marks)
    if (places !== plot.mapPlaces && !seen(plot, marks)) await relayout(plot, whole(plot))
    plot.mapPlaces = places
    if (!chosen && plot._fullLayout.selections?.length) await relayout(plot, { selections: [] })
  } finally {
    state.marking = false
    plot.mapTold = told
  }
}
