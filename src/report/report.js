"use strict";
// The problems of a report: a list that can be filtered, and the texts of a problem once it is opened. Everything that
// a model wrote becomes text by textContent; pictures come from the program that made this file, escaped there, and are
// read as XML, never as HTML. For tests: <html data-ready="1"> once the list is there.
(() => {
  const byId = (id) => document.getElementById(id);
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const ready = () => { document.documentElement.dataset.ready = "1"; };
  const source = byId("index");
  if (!source || !byId("list")) return ready();

  // ---- What there is: [problem_idx, beginning, subject, level, letters, block, place, concern] each ----
  const index = JSON.parse(source.textContent);
  const runs = index.runs;
  const concerns = ["failed", "cut off", "answered differently", "wrong", "right"];
  const words = { R: "right", W: "wrong", F: "failed", U: "no truth", r: "right, cut off", w: "wrong, cut off", u: "cut off" };
  const PAGE = 100;

  // ---- Blocks: base64, zlib, JSON. The last few stay, so that neighbours open at once. ----
  const opened = new Map();
  const unpack = async (block) => {
    const bytes = Uint8Array.from(atob(byId("block-" + block).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };
  const blockOf = (block) => {
    if (!opened.has(block)) {
      if (opened.size >= 4) opened.delete(opened.keys().next().value);
      opened.set(block, unpack(block));
    }
    return opened.get(block);
  };

  // ---- Pictures ----
  const drawing = (svg) => {
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
    if (parsed.querySelector("parsererror")) return null;
    return document.importNode(parsed.documentElement, true);
  };
  const stepText = (dot) => {
    const title = dot.querySelector("title");
    return title ? title.textContent : "";
  };
  // The pool, the step of the dot that is chosen, and all steps as a list for those who do not point.
  const poolOf = (svg) => {
    const box = make("div", "pool"), picture = drawing(svg);
    if (!picture) return box;
    const frame = make("div", "drawing"), shown = make("pre", "step-text", "Choose a dot to read its step.");
    frame.tabIndex = 0;
    frame.append(picture);
    const dots = [...picture.querySelectorAll("circle.dot")];
    frame.addEventListener("click", (event) => {
      const dot = event.target.closest("circle.dot");
      if (!dot) return;
      for (const other of dots) other.classList.toggle("chosen", other === dot);
      shown.textContent = stepText(dot);
    });
    const all = make("details"), list = make("ol");
    all.append(make("summary", "", "All " + dots.length + " steps as text"), list);
    all.addEventListener("toggle", () => {
      if (!all.open || list.firstChild) return;
      list.replaceChildren(...dots.map((dot) => {
        const item = make("li");
        item.append(make("pre", "", stepText(dot)));
        return item;
      }));
    });
    box.append(frame, shown, all);
    return box;
  };

  // ---- A problem ----
  const runOf = (run, letters) => {
    const box = make("section", "run"), letter = letters[run.run];
    const head = make("h4", "", runs[run.run] + ": ");
    head.append(make("span", letter.toUpperCase(), words[letter] || ""));
    box.append(head);
    if (run.error) box.append(make("p", "failed error", run.error));
    box.append(make("p", "answer", "Answer: " + (run.extracted_answer ?? "none")));
    const bars = run.answers && drawing(run.answers);
    if (bars) {
      const frame = make("div", "drawing bars");
      frame.append(bars);
      box.append(frame);
    }
    box.append(make("pre", "response", run.response || "(no text)"));
    if (run.pool) box.append(poolOf(run.pool));
    return box;
  };
  const fill = async (body, entry) => {
    if (entry[5] < 0) {
      body.append(make("p", "note", "Its texts are left out: the file would be too large."));
      return;
    }
    try {
      const problem = (await blockOf(entry[5]))[entry[6]];
      const side = make("div", "runs");
      side.append(...problem.runs.map((run) => runOf(run, entry[4])));
      body.append(make("pre", "question", problem.q ?? ""));
      if (typeof problem.truth === "string") body.append(make("p", "truth", "Right answer: " + problem.truth));
      body.append(side);
    } catch (fault) {
      body.append(make("p", "failed", "Its texts cannot be unpacked: " + fault.message));
    }
    body.dataset.ready = "1";
  };
  const rowOf = (entry) => {
    const row = make("details", "problem"), head = make("summary");
    row.dataset.problem = entry[0];
    const marks = make("span", "marks");
    for (const letter of entry[4]) {
      const mark = { R: "✓", r: "✓", W: "✗", w: "✗", F: "!", U: "?", u: "?" }[letter];
      if (mark) marks.append(make("span", letter.toUpperCase(), mark));
    }
    const facts = [concerns[entry[7]]];
    if (entry[2] >= 0) facts.push(index.subjects[entry[2]]);
    if (entry[3] >= 0) facts.push("level " + index.levels[entry[3]]);
    head.append(marks, make("span", "number", entry[0] + ". "), make("bdi", "beginning", entry[1]), " ",
                make("span", "facts", facts.join(" · ")));
    row.append(head);
    let filled = false;
    row.addEventListener("toggle", () => {
      if (!row.open || filled) return;
      filled = true;
      const body = make("div", "body");
      row.append(body);
      fill(body, entry);
    });
    return row;
  };

  // ---- The list ----
  const choice = (name, label, options) => {
    const box = make("label", "", label), select = make("select");
    select.id = name;
    options.forEach(([value, text]) => {
      const option = make("option", "", text);
      option.value = value;
      select.append(option);
    });
    box.append(select);
    byId("filters").append(box);
    select.addEventListener("change", show);
    return select;
  };
  const got = (letter) => letter === "R" || letter === "r";
  const missed = (letter) => letter === "W" || letter === "w" || letter === "F";
  const names = runs.map((label, i) => [i, label]);
  const concern = choice("concern", "Show", [["", "all, what wants a look first"], ...concerns.map((name, i) => [i, name])]);
  const better = runs.length > 1 && choice("better", "Right in", [["", "any"], ...names]);
  const worse = runs.length > 1 && choice("worse", "and wrong in", [["", "any"], ...names]);
  const subject = index.subjects.length > 1 && choice("subject", "Subject", [["", "all"], ...index.subjects.map((name, i) => [i, name])]);
  const level = index.levels.length > 1 && choice("level", "Level", [["", "all"], ...index.levels.map((name, i) => [i, name])]);
  const searchBox = make("label", "", "Number or words"), search = make("input");
  search.id = "search";
  search.type = "search";
  searchBox.append(search);
  byId("filters").append(searchBox);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", show);

  let found = [], drawn = 0;
  const is = (select, value) => !select || select.value === "" || Number(select.value) === value;
  const matches = (entry) => {
    const wanted = search.value.trim().toLowerCase();
    return is(concern, entry[7]) && is(subject, entry[2]) && is(level, entry[3]) &&
      (!better || better.value === "" || got(entry[4][better.value])) &&
      (!worse || worse.value === "" || missed(entry[4][worse.value])) &&
      (wanted === "" || String(entry[0]) === wanted || entry[1].toLowerCase().includes(wanted));
  };
  function more() {
    const rows = found.slice(drawn, drawn + PAGE).map(rowOf);
    byId("list").append(...rows);
    drawn += rows.length;
    byId("more").hidden = drawn >= found.length;
    byId("shown").textContent = drawn + " of " + found.length + " problems shown";
  }
  function show() {
    found = index.problems.filter(matches);
    drawn = 0;
    byId("list").replaceChildren();
    more();
  }
  byId("more").addEventListener("click", more);
  // report.html#problem-7 is a link to problem 7.
  const linked = /^#problem-(\d+)$/.exec(location.hash);
  if (linked) search.value = linked[1];
  show();
  if (linked && byId("list").firstChild) {
    byId("list").firstChild.open = true;
    byId("problems").scrollIntoView();
  }
  ready();
})();
