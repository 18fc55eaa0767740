"use strict";
(() => {
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const systemDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (systemDark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });

  // RFC 4180: quote what needs it, double quotes inside.
  const cell = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
  const asCsv = (table) =>
    [...table.rows].map((row) => [...row.cells].map((each) => cell(each.textContent)).join(",")).join("\r\n") + "\r\n";

  const copy = async (text) => {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("not allowed");
  };
  for (const button of document.querySelectorAll(".copy")) {
    const words = button.textContent;
    button.addEventListener("click", async () => {
      const figure = button.closest("figure");
      const text = button.dataset.copy === "table" ? asCsv(figure.querySelector("table")) : figure.querySelector("code").textContent;
      try {
        await copy(text);
        button.textContent = "copied";
      } catch {
        button.textContent = "select it by hand";
      }
      setTimeout(() => (button.textContent = words), 1500);
    });
  }

  const SVG = "http" + "://www.w3.org/2000/svg";
  for (const figure of document.querySelectorAll(".scatter")) {
    const svg = figure.querySelector("svg");
    const stage = figure.querySelector(".stage");
    const tip = figure.querySelector(".tip");
    const facts = JSON.parse(figure.querySelector("script").textContent);
    const marks = [...svg.querySelectorAll("circle")];
    const at = marks.map((mark) => [Number(mark.getAttribute("cx")), Number(mark.getAttribute("cy"))]);
    const lines = document.createElementNS(SVG, "g");
    svg.append(lines);
    let shown = -1;

    const clear = () => {
      shown = -1;
      tip.hidden = true;
      lines.replaceChildren();
    };
    const ring = (point, size) => {
      const circle = document.createElementNS(SVG, "circle");
      for (const [name, value] of [["cx", at[point][0]], ["cy", at[point][1]], ["r", size], ["fill", "none"], ["stroke", "var(--ink)"]]) circle.setAttribute(name, value);
      lines.append(circle);
    };
    const show = (point) => {
      if (point === shown) return;
      clear();
      shown = point;
      const [, label, base, neighbor] = facts[point];
      ring(point, 7);
      let text = label;
      if (base >= 0) {
        for (const parent of new Set([base, neighbor])) {
          const line = document.createElementNS(SVG, "line");
          for (const [name, value] of [["x1", at[point][0]], ["y1", at[point][1]], ["x2", at[parent][0]], ["y2", at[parent][1]], ["stroke", "var(--ink)"], ["stroke-width", 1.4]]) line.setAttribute(name, value);
          lines.append(line);
          ring(parent, 6);
        }
        text += "\nbase: " + facts[base][1];
        if (neighbor !== base) text += "\nneighbor: " + facts[neighbor][1];
      }
      tip.textContent = text;
      tip.hidden = false;
      const scale = svg.clientWidth / svg.viewBox.baseVal.width;
      const left = Math.min(at[point][0] * scale + 12, stage.clientWidth - tip.offsetWidth - 4);
      let top = at[point][1] * scale + 12;
      if (top + tip.offsetHeight > stage.clientHeight) top -= tip.offsetHeight + 24;
      tip.style.left = Math.max(4, left) + "px";
      tip.style.top = Math.max(4, top) + "px";
    };
    const nearest = (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale;
      const y = (event.clientY - box.top) * scale;
      let best = -1;
      let reach = (14 * scale) ** 2;
      at.forEach(([px, py], point) => {
        const far = (px - x) ** 2 + (py - y) ** 2;
        // The last drawn lies on top.
        if (far <= reach && !marks[point].classList.contains("off")) [best, reach] = [point, far];
      });
      return best;
    };
    const point = (event) => {
      const best = nearest(event);
      if (best < 0) clear();
      else show(best);
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && clear());
    document.addEventListener("keydown", (event) => event.key === "Escape" && clear());
    for (const button of figure.querySelectorAll(".toggle")) {
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        facts.forEach((fact, place) => fact[0] === Number(button.dataset.class) && marks[place].classList.toggle("off", !on));
        clear();
      });
    }
  }

  for (const figure of document.querySelectorAll(".dense")) {
    const [svg, stage, tip] = [figure.querySelector("svg"), figure.querySelector(".stage"), figure.querySelector(".tip")];
    const facts = JSON.parse(figure.querySelector("script").textContent);
    const mark = document.createElementNS(SVG, "rect");
    for (const [name, value] of [["width", facts.cell], ["height", facts.cell], ["fill", "none"], ["stroke", "var(--ink)"]]) mark.setAttribute(name, value);
    const clear = () => {
      tip.hidden = true;
      mark.remove();
    };
    const point = (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const column = Math.floor(((event.clientX - box.left) * scale - facts.left) / facts.cell);
      const line = Math.floor(((event.clientY - box.top) * scale - facts.top) / facts.cell);
      const text = facts.texts[line]?.[column];
      if (text === undefined) return clear();
      mark.setAttribute("x", facts.left + column * facts.cell);
      mark.setAttribute("y", facts.top + line * facts.cell);
      svg.append(mark);
      tip.textContent = facts.lines[line] + "\n" + facts.columns[column] + "\n" + text;
      tip.hidden = false;
      tip.style.left = Math.max(4, Math.min(event.clientX - box.left + 14, stage.clientWidth - tip.offsetWidth - 4)) + "px";
      const top = event.clientY - box.top + 14;
      tip.style.top = (top + tip.offsetHeight > stage.clientHeight ? top - tip.offsetHeight - 28 : top) + "px";
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && clear());
    document.addEventListener("keydown", (event) => event.key === "Escape" && clear());
  }

  for (const figure of document.querySelectorAll(".curves")) {
    const lines = [...figure.querySelectorAll("g[data-series]")];
    for (const button of figure.querySelectorAll(".toggle")) {
      const own = (line) => line.dataset.series === button.dataset.series;
      const on = () => button.getAttribute("aria-pressed") === "true";
      const single = (alone) => lines.forEach((line) => line.classList.toggle("faded", alone && on() && !own(line)));
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(!on()));
        lines.filter(own).forEach((line) => line.classList.toggle("off", !on()));
        single(button.matches(":hover, :focus-visible"));
      });
      button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && single(true));
      button.addEventListener("pointerleave", () => single(false));
      // A click focuses too, and must not leave the others pale.
      button.addEventListener("focus", () => button.matches(":focus-visible") && single(true));
      button.addEventListener("blur", () => single(false));
    }
  }
})();
