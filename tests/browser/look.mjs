// What is read from a page; each function runs inside the page and answers plain data.

/** What a person notices about a whole page. */
export function page() {
  const shown = (one) => one.checkVisibility({ checkVisibilityCSS: true, contentVisibilityAuto: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const html = (one) => one.outerHTML.slice(0, 90);
  const box = (one) => one.getBoundingClientRect();
  const hidden = (one) => getComputedStyle(one).clipPath !== "none";
  const targets = all("button,.button,input,select,summary,nav:not(.trail) a,.foot a").filter((one) => one.type !== "checkbox");
  const verdict = document.querySelector(".verdict");
  const links = all("main a:not(.button)");
  const holder = (one) => one.closest("p,li,dd,td,th,h1,h2,h3,figcaption");
  return {
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    h1: document.querySelectorAll("h1").length,
    lang: document.documentElement.lang,
    title: document.title,
    scripts: document.scripts.length,
    inline: document.querySelectorAll("[style],[onclick],style").length,
    text: document.body.innerText,
    body: parseFloat(getComputedStyle(document.body).fontSize),
    small: targets.filter((one) => box(one).height < 43.5 || (box(one).width < 43.5 && !one.closest("p,.foot,.service"))).map(html),
    // WCAG 2.5.8: 24 px by size or by spacing; links inside a sentence are free.
    tight: links
      .filter((one) => box(one).height < 24 && holder(one)?.innerText.trim() === one.innerText.trim())
      .map(html),
    tiny: all("body *")
      .filter((one) => !hidden(one) && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
      .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 14)
      .map(html),
    unnamed: all("input,select").filter((one) => !one.labels?.length).map(html),
    dangling: [...document.querySelectorAll("[aria-describedby],[aria-labelledby],a[href^='#']")]
      .filter((one) => [one.getAttribute("aria-describedby"), one.getAttribute("aria-labelledby"), one.getAttribute("href")?.replace("#", "")]
        .filter(Boolean).flatMap((ids) => ids.split(" ")).some((id) => !id.startsWith("/") && !document.getElementById(id)))
      .map(html),
    foreign: document.documentElement.lang === "en"
      ? [...document.querySelectorAll("body *")]
        .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && /\p{Script=Han}/u.test(node.textContent)))
        .filter((one) => one.closest("[lang]").lang === "en").map(html)
      : [],
    bottom: Math.max(0, ...[...document.querySelectorAll(".verdict dd")].map((one) => box(one).bottom)),
    field: document.getElementById("number") ? box(document.getElementById("number")).bottom : 0,
    state: verdict?.className.match(/v-(\w+)/)?.[1],
    heading: verdict?.querySelector("h1").innerText.trim(),
    look: verdict && {
      border: ["Top", "Right", "Bottom", "Left"]
        .map((side) => [getComputedStyle(verdict)[`border${side}Style`], getComputedStyle(verdict)[`border${side}Width`]].join(" "))
        .concat(getComputedStyle(verdict).boxShadow === "none" ? "" : "shadow").join(", "),
      sign: verdict.querySelector("svg").innerHTML,
      heading: verdict.querySelector("h1").innerText.trim(),
    },
  };
}

/** Targets below a height. */
export function smallerThan(height) {
  return [...document.querySelectorAll("button,.button,input:not([type=checkbox]),select,summary,nav:not(.trail) a")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < height)
    .map((one) => one.outerHTML.slice(0, 90));
}

/** Texts with less than 4.5:1 against what is painted behind them (3:1 when large), and borders of fields under 3:1. */
export function contrast() {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const one of document.querySelectorAll("body *")) {
    const style = getComputedStyle(one);
    if (!one.checkVisibility() || one.closest(".skip")) continue;
    if ([...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) {
      const size = parseFloat(style.fontSize);
      const need = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      const found = ratio(parse(style.color), behind(one));
      if (found < need) low.push(`${found.toFixed(2)} of ${one.outerHTML.slice(0, 80)}`);
    }
    if (one.matches("input,select,button,.button,.badge,.verdict")) {
      const found = ratio(parse(style.borderTopColor), behind(one.parentElement));
      if (found < 3) low.push(`${found.toFixed(2)} of the border of ${one.outerHTML.slice(0, 80)}`);
    }
  }
  return low;
}

/** Where the focus is. */
export function focus() {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const [x, y] = [box.left + Math.min(box.width / 2, 20), box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  globalThis.focusNumber ??= new Map();
  if (!globalThis.focusNumber.has(one)) globalThis.focusNumber.set(one, globalThis.focusNumber.size);
  return {
    at: globalThis.focusNumber.get(one),
    skip: one.matches("a.skip"),
    html: one.outerHTML.slice(0, 90),
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    hidden: box.width === 0 || box.bottom < 0 || box.top > innerHeight || (top && !one.contains(top) && !top.contains(one) && !one.matches(".skip")),
  };
}

/** How many stops the keyboard should have. */
export function stops() {
  return [...document.querySelectorAll("a[href],button,input,select,summary,[tabindex='0']")]
    .filter((one) => one.checkVisibility({ contentVisibilityAuto: true })).length;
}

/** Text twice as large, as a browser's setting makes it. */
export function doubleText() {
  document.documentElement.style.fontSize = "200%";
}

/** The text spacing of WCAG 1.4.12. */
export function spacing() {
  for (const one of document.querySelectorAll("body, body *")) {
    for (const [name, value] of [["line-height", "1.5"], ["letter-spacing", "0.12em"], ["word-spacing", "0.16em"]]) {
      one.style.setProperty(name, value, "important");
    }
    if (one.matches("p")) one.style.setProperty("margin-bottom", "2em", "important");
  }
}

/** Text that runs out of its box. */
export function cut() {
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && !one.closest("svg,.scroll,pre,.wide-only") && !one.matches("input,select"))
    .filter((one) => getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.outerHTML.slice(0, 90));
}

/** Whether something that speaks by its border has none. */
export function borderless() {
  return [...document.querySelectorAll(".badge,.verdict,.panel,.card,button,input:not([type=checkbox])")]
    .some((one) => getComputedStyle(one).borderTopStyle === "none");
}

/** What would be printed. */
export function paper() {
  return {
    text: document.body.innerText,
    shown: [...document.querySelectorAll("nav,form,button,.skip,footer")]
      .filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 60)),
  };
}

/** The form of a page with mistakes. */
export function form() {
  const summary = document.querySelector(".error-summary[role=alert][tabindex='-1']");
  const main = document.querySelector("main form");
  const tied = [...document.querySelectorAll("[aria-invalid=true]")].map((one) => one.getAttribute("aria-describedby").split(" ")
    .some((id) => document.getElementById(id)?.matches(".why")));
  return {
    number: document.getElementById("number").value,
    summary: summary && summary.compareDocumentPosition(main) & 4 ? summary.querySelectorAll("li").length : 0,
    links: [...(summary?.querySelectorAll("a") ?? [])].filter((one) => document.querySelector(one.getAttribute("href"))?.matches("input")).length,
    tied: tied.length === 2 && tied.every(Boolean),
  };
}
