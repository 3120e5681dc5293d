
"use strict";
(() => {
  const PAGE = 20;
  const find = (id) => document.getElementById(id);
  const articles = [...document.querySelectorAll("article")];
  const cards = articles.map((element) => ({
    element,
    labels: element.dataset.labels.trim().split(" ").filter(Boolean),
    scores: element.dataset.scores.split(" ").filter(Boolean).map(Number),
    text: element.textContent.toLowerCase(),
  }));
  const boxes = [...document.querySelectorAll("#labels input")];
  let fitting = cards;
  let page = 0;

  function fits(card, wanted) {
    const { text, status, least, largest, labels } = wanted;
    if (text && !card.text.includes(text)) return false;
    if (status && card.element.dataset.status !== status) return false;
    if ((least > 0 || largest < 1) && !card.scores.some((score) => score >= least && score <= largest)) return false;
    if (!labels) return true;
    return card.labels.length ? card.labels.some((label) => labels.has(label)) : labels.has("none");
  }

  function filter() {
    const number = (id, otherwise) => (find(id) && find(id).value !== "" ? Number(find(id).value) : otherwise);
    const checked = boxes.filter((box) => box.checked).map((box) => box.value);
    const wanted = {
      text: find("search").value.trim().toLowerCase(),
      status: find("status") ? find("status").value : "",
      least: number("least", 0),
      largest: number("largest", 1),
      labels: checked.length < boxes.length ? new Set(checked) : null,
    };
    fitting = cards.filter((card) => fits(card, wanted));
    turn(0);
  }

  function turn(to) {
    const last = Math.max(0, Math.ceil(fitting.length / PAGE) - 1);
    page = Math.min(Math.max(to, 0), last);
    const shown = new Set(fitting.slice(page * PAGE, (page + 1) * PAGE));
    for (const card of cards) card.element.hidden = !shown.has(card);
    const first = fitting.length ? page * PAGE + 1 : 0;
    const place = `${first.toLocaleString("en")}–${(page * PAGE + shown.size).toLocaleString("en")}`;
    const all = fitting.length === cards.length ? "" : ` (${cards.length.toLocaleString("en")} without filters)`;
    find("place").value = `${place} of ${fitting.length.toLocaleString("en")}${all}`;
    find("previous").disabled = page === 0;
    find("next").disabled = page === last;
    find("nothing").hidden = fitting.length > 0;
    window.scrollTo(0, 0);
  }

  function dim() {
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    for (const lines of document.querySelectorAll("article svg")) lines.remove();
  }

  function line(lines, around, from, to) {
    const [a, b] = [from, to].map((element) => element.getClientRects()[0]);
    if (!a || !b) return;
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const [x, y] = [a.left + a.width / 2 - around.left, a.bottom - around.top];
    path.setAttribute("d", `M${x} ${y}L${b.left + b.width / 2 - around.left} ${b.top - around.top}`);
    lines.append(path);
  }

  function lightWord(article, word) {
    const side = word.closest(".source") ? 0 : 1;
    const pairs = article.dataset.links.trim().split(" ").filter(Boolean).map((link) => link.split("-"));
    const linked = pairs.filter((pair) => pair[side] === word.dataset.word);
    const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const around = article.getBoundingClientRect();
    for (const pair of linked) {
      const ends = [".source", ".target"].map((name, i) => article.querySelector(`${name} [data-word="${pair[i]}"]`));
      if (!ends[0] || !ends[1]) continue;
      for (const end of ends) end.classList.add("lit");
      line(lines, around, ends[0], ends[1]);
    }
    if (lines.childNodes.length) article.append(lines);
  }

  function lightEntity(article, mark) {
    const keys = mark.dataset.keys.split(" ");
    for (const other of article.querySelectorAll("mark[data-keys]")) {
      if (other.dataset.keys.split(" ").some((key) => keys.includes(key))) other.classList.add("lit");
    }
  }

  document.querySelector("main").addEventListener("pointerover", (event) => {
    dim();
    const article = event.target.closest("article");
    if (!article) return;
    const mark = event.target.closest("mark[data-keys]");
    const word = event.target.closest("[data-word]");
    if (mark) lightEntity(article, mark);
    if (word) lightWord(article, word);
  });
  document.querySelector("main").addEventListener("pointerleave", dim);
  find("filters").addEventListener("input", filter);
  find("filters").addEventListener("submit", (event) => event.preventDefault());
  find("previous").addEventListener("click", () => turn(page - 1));
  find("next").addEventListener("click", () => turn(page + 1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") document.activeElement.blur();
    if (event.target.matches("input, select")) return;
    if (event.key === "ArrowRight" || event.key === "j") turn(page + 1);
    else if (event.key === "ArrowLeft" || event.key === "k") turn(page - 1);
    else if (event.key === "/") { find("search").focus(); event.preventDefault(); }
  });
  filter();
})();
