// A picture that says where it is clicked: `at` is {x, y}, in its own pixels.

export default function ({ data, parentElement, setTriggerValue }) {
  let image = parentElement.querySelector("img")
  if (!image) {
    image = document.createElement("img")
    Object.assign(image.style, { display: "block", maxWidth: "100%", height: "auto", cursor: "pointer" })
    parentElement.append(image)
  }
  if (image.getAttribute("src") !== data.source) image.src = data.source
  image.alt = data.alt
  image.onclick = (event) => {
    const box = image.getBoundingClientRect()
    setTriggerValue("at", {
      x: ((event.clientX - box.left) / box.width) * image.naturalWidth,
      y: ((event.clientY - box.top) / box.height) * image.naturalHeight,
    })
  }
}
