// Runs inside a page: what a reader sees of its figures. Plain JavaScript, since it is sent to the browser as it stands.

/** Unfolds every table and measures every figure. */
exports.measureFigures = () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  return [...document.querySelectorAll("figure")].map((figure) => {
    const svg = figure.querySelector("svg");
    const { width, height } = svg.getBoundingClientRect();
    const painted = [...svg.querySelectorAll("path, circle, rect, polyline, line")].filter((shape) => {
      const box = shape.getBoundingClientRect();
      const { fill, stroke } = getComputedStyle(shape);
      return box.width + box.height > 0 && (fill !== "none" || stroke !== "none");
    });
    const texts = [...svg.querySelectorAll("text")].filter((text) => text.getBoundingClientRect().height > 0);
    const scale = width / svg.viewBox.baseVal.width;
    return {
      title: figure.querySelector("strong").textContent,
      width,
      height,
      marks: painted.length,
      texts: texts.length,
      rows: figure.querySelectorAll("tbody tr").length,
      smallest: Math.min(...texts.map((text) => Number.parseFloat(getComputedStyle(text).fontSize) * scale)),
    };
  });
};

/** How far the page is wider than the window, pixels. */
exports.overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;

/** Contrast (WCAG) of texts, and of dots in the colours of scorers, with the card that they stand on. */
exports.contrasts = () => {
  const luminance = (colour) => {
    const [r, g, b] = [...colour.matchAll(/[\d.]+/g)].map(([value]) => Number(value) / 255);
    const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const card = getComputedStyle(document.querySelector("figure")).backgroundColor;
  const texts = [...document.querySelectorAll("figcaption span, svg text")].map((text) => {
    const { fill, color } = getComputedStyle(text);
    return contrast(text instanceof SVGElement ? fill : color, card);
  });
  const dots = [...document.querySelectorAll('svg [fill^="var(--s"]')].map((dot) => contrast(getComputedStyle(dot).fill, card));
  return { texts, dots };
};
