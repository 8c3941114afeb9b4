/* What the browser adds to pages that already work without it: the dialog, the comment counter, the words said when a
   request fails, the filter chips. No inline code, no eval: the content security policy stays strict. */
(() => {
  "use strict";

  const dialog = () => document.getElementById("dialog");
  const words = document.body.dataset;
  let opener = null;
  let address = null;
  let row = null;
  let arrived = "";
  const closers = new Set();

  // ---- the dialog: whatever htmx puts into <dialog id="dialog"> opens it ----

  function openDialog(source) {
    const box = dialog();
    opener = source instanceof Element && !box.contains(source) ? source : document.activeElement;
    address = opener.getAttribute("href");
    const line = opener.closest("li[id], tr[id]") || opener.closest("main [id]");
    row = opener.dataset.return || (line && `#${CSS.escape(line.id)}`);
    box.showModal();
    arrived = filled();
    box.querySelector("#dialog-title")?.focus();
  }

  // What somebody has typed or chosen in it since it arrived, or since it was saved, goes only if they say so.
  function filled() {
    const fields = [...dialog().querySelectorAll("form :is(textarea, select, input:not([type=hidden]))")];
    return JSON.stringify(fields.map((field) => {
      if (field.matches("[type=radio], [type=checkbox]")) return field.checked;
      if (field.matches("[type=file]")) return [...field.files].map((file) => file.name);
      return field.multiple ? [...field.selectedOptions].map((option) => option.value) : field.value;
    }));
  }
  const isTyped = () => filled() !== arrived;
  const mayClose = () => !isTyped() || confirm(dialog().dataset.textUnsaved);

  // The events that mean "done" are named by the fragment itself: data-close-on="rating-left".
  function listenFor(names) {
    for (const name of (names || "").split(/\s+/)) {
      if (!name || closers.has(name)) continue;
      closers.add(name);
      document.addEventListener(name, closeDialog);
    }
  }

  function closeDialog() {
    const box = dialog();
    if (!box || !box.open) return;
    arrived = filled();
    box.close();
  }

  // The opener may have been replaced by the answer: then the link that leads where it led gets the focus; else its row,
  // found by the id that the row had, or by the selector in data-return.
  function giveFocusBack() {
    let place = opener && opener.isConnected && opener.getAttribute("href") === address ? opener : null;
    if (!place && address) place = document.querySelector(`main a[href="${CSS.escape(address)}"]`);
    if (!place && row) {
      const found = document.querySelector(row);
      place = found && (found.querySelector("a[href], button") || found);
    }
    place = place || document.getElementById("main");
    if (!place) return;
    if (!place.matches("a[href], button, input, select, textarea, [tabindex]")) place.tabIndex = -1;
    place.focus();
    opener = address = row = null;
  }

  const box = dialog();
  if (box) {
    box.addEventListener("close", () => {
      if (!mayClose()) return box.showModal();
      box.replaceChildren();
      arrived = filled();
      giveFocusBack();
    });
    const askFirst = (event) => {
      if (!isTyped()) return;
      event.preventDefault();
      if (mayClose()) closeDialog();
    };
    // A browser lets a page keep a window open once, then closes it whatever the page says: so the key is asked before.
    // "Back" on a phone has no key: what it has closed opens again, above, with all that was in it.
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && box.open && !event.isComposing) askFirst(event);
    });
    box.addEventListener("cancel", (event) => {
      if (event.target === box && event.cancelable) askFirst(event);
    });
    // What was sent and has arrived is not lost, wherever the answer leads.
    document.addEventListener("htmx:after:request", (event) => {
      const { sourceElement, response } = event.detail.ctx;
      if (response.status < 400 && box.contains(sourceElement) && sourceElement.matches("form")) arrived = filled();
    });
  }

  // A button that goes away with the answer leaves the keyboard on the line that takes its line's place.
  let held = null;
  document.addEventListener("htmx:before:swap", () => {
    held = document.activeElement.closest("main [id]");
  });
  document.addEventListener("htmx:after:swap", () => {
    const line = held && document.activeElement === document.body && document.getElementById(held.id);
    if (!line) return;
    if (!line.matches("a[href], button, input, select, textarea, [tabindex]")) line.tabIndex = -1;
    line.focus({ preventScroll: true });
  });

  // ---- what failed, in words; what was typed stays ----

  // A form that can be sent again as it is says so where one writes, with a button: <div data-retry hidden>.
  function say(text, source) {
    if (!text) return;
    const again = source && source.querySelector("[data-retry]");
    if (again) {
      again.hidden = false;
      again.querySelector("[role=alert]").textContent = text;
      again.querySelector("button").hidden = text === words.textExpired; // that would be refused each time
      return;
    }
    const open = dialog() && dialog().open ? dialog().firstElementChild : null;
    let place = open ? open.querySelector("[data-notice]") : document.getElementById("notice");
    if (!place && open) {
      place = document.createElement("p");
      place.className = "note";
      place.dataset.notice = "";
      place.dataset.tone = "danger";
      place.setAttribute("role", "alert");
      open.prepend(place);
    }
    if (!place) return;
    place.hidden = false;
    place.textContent = text;
  }

  function quiet() {
    for (const place of document.querySelectorAll("#notice, [data-notice]")) {
      place.hidden = true;
      place.textContent = "";
    }
    for (const place of document.querySelectorAll("[data-retry]")) place.hidden = true;
  }

  function wordsFor(status, source) {
    if (status === 400 || status === 401) return words.textExpired;
    if (status === 403) return words.textForbidden;
    if (status === 404 || status === 410) return words.textMissing;
    if (status === 413) return source.dataset.textTooLong || words.textTooLong;
    if (status === 429) return words.textTooMany;
    return words.textFailed;
  }

  document.addEventListener("htmx:response:error", (event) => {
    const { response, hx, sourceElement } = event.detail.ctx;
    if (response.status === 422 || response.status === 409 || (hx && hx.redirect)) return;
    say(wordsFor(response.status, sourceElement), sourceElement);
  });
  document.addEventListener("htmx:error", (event) => {
    const ctx = event.detail.ctx;
    if (ctx && asksAlone(ctx.sourceElement)) return;
    say(ctx && ctx.response ? words.textFailed : words.textOffline, ctx && ctx.sourceElement);
  });

  // ---- busy ----

  document.addEventListener("htmx:before:request", (event) => {
    const source = event.detail.ctx.sourceElement;
    if (source.matches("form, a, button")) quiet();
    source.setAttribute("aria-busy", "true");
    hold(source);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    event.detail.ctx.sourceElement.removeAttribute("aria-busy");
    release(event.detail.ctx.sourceElement);
  });

  // What is on its way does not change until its answer is here: the answer would take away what was added meanwhile.
  // Fields that are switched off would lose the keyboard, so texts are only to be read, and nothing else can be chosen.
  const sent = "textarea, input:not([type=hidden], [type=radio], [type=checkbox], [type=file])";
  function hold(form) {
    if (!form.matches("form[method=post]")) return;
    for (const field of form.querySelectorAll(`:is(${sent}):not([readonly])`)) {
      field.readOnly = true;
      field.dataset.held = "";
    }
  }
  function release(form) {
    for (const field of form.querySelectorAll("[data-held]")) {
      field.readOnly = false;
      delete field.dataset.held;
    }
  }
  for (const kind of ["click", "drop"]) {
    document.addEventListener(kind, (event) => {
      const choice = event.target.closest("form[method=post][aria-busy] :is([type=radio], [type=checkbox], [type=file])");
      if (choice) event.preventDefault();
    });
  }

  // A plain form is sent once, however often one taps; coming back makes it usable again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "get" || "again" in form.dataset) return;
    if (form.getAttribute("aria-busy")) event.preventDefault();
    else form.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
  });

  // ---- the comment counter: <textarea data-counter="id-of-the-counter" maxlength="5000"> ----

  function count(area) {
    const place = document.getElementById(area.dataset.counter);
    if (!place) return;
    const number = new Intl.NumberFormat(document.documentElement.lang);
    place.textContent = `${number.format(area.value.length)} / ${number.format(area.maxLength)}`;
  }
  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-counter]")) count(event.target);
  });

  // ---- the toast says what was done, then leaves ----

  let leaving;
  const status = document.getElementById("status");
  if (status) {
    new MutationObserver(() => {
      clearTimeout(leaving);
      if (status.textContent.trim()) leaving = setTimeout(() => status.replaceChildren(), 8000);
    }).observe(status, { childList: true });
  }

  // ---- filter chips: choosing closes the chip and names the choice on it ----

  const openChips = () => document.querySelectorAll("details.chip[open]");
  document.addEventListener("change", (event) => {
    const chip = event.target.closest("details.chip");
    if (!chip || !event.target.matches("[type=radio]")) return;
    const value = chip.querySelector("summary b");
    if (value) value.textContent = event.target.closest("label").textContent.trim();
    chip.toggleAttribute("data-set", event.target.value !== "");
  });
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("details.chip label");
    for (const chip of openChips()) {
      if (!chip.contains(event.target)) chip.open = false;
      // detail is 0 when the arrow keys moved the choice: then the chip stays open.
      else if (choice && event.detail > 0) {
        setTimeout(() => {
          chip.open = false;
          chip.querySelector("summary").focus();
        });
      }
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const chip of openChips()) {
      chip.open = false;
      chip.querySelector("summary").focus();
    }
  });

  // Filters left open stay out of the address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form.filters, form.control-filters")) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });

  // ---- links and buttons ----

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close && close.closest("dialog[open]")) {
      event.preventDefault();
      if (mayClose()) closeDialog();
    }
    const reveal = event.target.closest("button[data-reveal]");
    if (reveal) {
      const input = document.getElementById(reveal.dataset.reveal);
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(shown));
    }
    if (event.target.closest("button[data-print]")) print();
    const copy = event.target.closest("button[data-copy]");
    if (copy) {
      const from = document.getElementById(copy.dataset.copy);
      const text = from.value ?? [...from.children].map((line) => line.textContent.trim()).join("\n");
      navigator.clipboard?.writeText(text).then(() => {
        copy.querySelector("span").textContent = copy.dataset.copied;
      });
    }
  });

  // ---- the box in which people are found: "/" leads to it, the arrows into what was found, Escape back out ----

  const find = document.getElementById("find");
  const foundHere = () => document.getElementById("found");
  document.addEventListener("keydown", (event) => {
    if (!find || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target;
    if (event.key === "/" && !at.matches("input, select, textarea, [contenteditable]") && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      find.focus();
      find.select();
    }
    if (event.key === "Escape" && (at === find || foundHere().contains(at))) {
      foundHere().replaceChildren();
      find.focus();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const list = at === find ? (foundHere().firstElementChild ? foundHere() : document.getElementById("results")) : at.closest("[data-arrows]");
    if (!list) return;
    const links = [...list.querySelectorAll("td:first-child a, li a, .found-all a")];
    const next = links.indexOf(at) + (event.key === "ArrowDown" ? 1 : -1);
    if (at === find && event.key === "ArrowUp") return;
    event.preventDefault();
    (links[next] || (next < 0 ? find : at)).focus();
  });
  // what was found goes away with the keyboard or the finger, as a menu does
  for (const kind of ["focusin", "pointerdown"]) {
    document.addEventListener(kind, (event) => {
      if (find && !find.form.contains(event.target)) foundHere().replaceChildren();
    });
  }

  // ---- the menu of a visit in a planning: "…", right click, the menu key, Shift+F10 ----

  // Without this the "…" opens the same links and buttons; here they get the keys of a menu.
  const entries = (menu) => [...menu.querySelectorAll("a[href], button")];

  function openMenu(menu, opener) {
    const more = menu.previousElementSibling;
    opener.focus({ preventScroll: true }); // closing gives the focus back to it
    menu.setAttribute("role", "menu");
    menu.setAttribute("aria-label", more.getAttribute("aria-label"));
    for (const entry of entries(menu)) {
      entry.setAttribute("role", "menuitem");
      entry.tabIndex = -1;
    }
    menu.showPopover({ source: more });
    entries(menu)[0].focus();
  }
  function openMenuOf(slot, event) {
    const menu = slot.querySelector(".slot-menu");
    event.preventDefault();
    if (menu.matches(":popover-open")) return;
    openMenu(menu, slot.querySelector(".slot-open"));
    if (!event.clientX && !event.clientY) return;
    const left = Math.min(event.clientX, innerWidth - menu.offsetWidth - 8);
    const top = Math.min(event.clientY, innerHeight - menu.offsetHeight - 8);
    Object.assign(menu.style, { positionArea: "none", inset: "auto", margin: "0", left: `${left}px`, top: `${top}px` });
  }
  document.addEventListener("contextmenu", (event) => {
    const slot = event.target.closest(".slot:has(.slot-menu)");
    if (slot && !event.ctrlKey) openMenuOf(slot, event);
  });
  document.addEventListener("click", (event) => {
    const more = event.target.closest(".slot-more");
    if (!more) return;
    event.preventDefault();
    if (more.nextElementSibling.matches(":popover-open")) more.nextElementSibling.hidePopover();
    else openMenu(more.nextElementSibling, more);
  });
  document.addEventListener("toggle", (event) => {
    if (event.newState === "closed" && event.target.matches(".slot-menu")) event.target.removeAttribute("style");
  }, true);
  document.addEventListener("keydown", (event) => {
    const slot = event.target.closest(".slot:has(.slot-menu)");
    if (!slot) return;
    const menu = slot.querySelector(".slot-menu");
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) openMenuOf(slot, event);
    if (!menu.contains(event.target)) return;
    const all = entries(menu);
    const here = all.indexOf(event.target);
    const to = { ArrowDown: (here + 1) % all.length, ArrowUp: (here - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[to].focus();
    else if (event.key === " ") event.target.click();
    else if (event.key === "Tab") menu.hidePopover();
    else return;
    if (event.key !== "Tab") event.preventDefault();
  });

  // ---- what asks for news by itself: a conversation that is open, the figures in the menu, the lists they lead to ----

  // <div hx-trigger="every 4s, look" data-while-seen> rests while nobody can see the page, and for good once the session
  // is over or what it asks for is gone: nothing is swapped then, nobody is led away, and no box is left that somebody
  // has typed in. A conversation says so; the rest of a page is quiet.
  let over = false;
  const gone = new WeakSet();
  const talk = document.getElementById("talk");
  const asksAlone = (element) => element && "whileSeen" in element.dataset;

  function sayState(text) {
    const place = document.getElementById("talk-state");
    if (!place || place.textContent === (text || "")) return;
    place.textContent = text || "";
    place.hidden = !text;
  }
  document.addEventListener("htmx:before:request", (event) => {
    const source = event.detail.ctx.sourceElement;
    if (asksAlone(source) && (document.hidden || over || gone.has(source))) event.preventDefault();
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    const keeps = talk && response.status === 401 && sourceElement.querySelector("[data-retry]");
    if (!asksAlone(sourceElement) && !keeps) return;
    const tell = sourceElement.closest(".thread-page") ? sayState : () => {};
    if (response.status < 400 && !response.raw.redirected) return over || tell("");
    event.preventDefault();
    if (response.status >= 500) return;
    if (response.status === 401) over = true;
    else gone.add(sourceElement);
    if (over && talk) sayState(talk.dataset.textOver);
    else tell(wordsFor(response.status, sourceElement));
  });
  document.addEventListener("htmx:error", (event) => {
    const source = event.detail.ctx && event.detail.ctx.sourceElement;
    if (talk && asksAlone(source) && !over) sayState(talk.dataset.textWaiting);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-while-seen]")) element.dispatchEvent(new Event("look"));
  });

  // The page is brought up to date around what somebody writes: the words stay, and so does the token by which a message
  // that is sent twice is one.
  let kept = [];
  document.addEventListener("htmx:before:swap", (event) => {
    const whole = event.detail.ctx.target.id === "main";
    kept = whole ? [...document.querySelectorAll("#write :is(textarea, [name=token])")].map((field) => [field, field.value]) : [];
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const [field, value] of kept) field.value = value;
    kept = [];
  });
  // <form data-leaves> leads away from the conversation: not from what is typed and not sent, unless one says so.
  const isUnsent = () => [...document.querySelectorAll("#write :is(textarea, [type=file])")].some((field) => field.value.trim());
  document.addEventListener("submit", (event) => {
    if (!("leaves" in event.target.dataset)) return;
    if (isUnsent() && !confirm(talk.dataset.textUnsent)) event.preventDefault();
  }, true);
  // Nor do a link, "back" or a new load of the page: then the browser asks, in its own words. A form that is sent does
  // not come this way.
  let going = false;
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) going = true;
  });
  addEventListener("pageshow", () => {
    going = false;
  });
  addEventListener("beforeunload", (event) => {
    if (!going && (isUnsent() || (box && box.open && isTyped()))) event.preventDefault();
  });

  // Who has scrolled up to read stays there, and is told of what is new below. The frame counts up from its end, at 0.
  const more = document.getElementById("talk-more");
  const atEnd = () => talk.scrollTop > -60;
  const lastSaid = () => talk.querySelector(".talk-list > :last-child");
  if (talk) {
    let last = lastSaid()?.id;
    const end = () => {
      more.hidden = true;
      talk.scrollTop = 0;
    };
    document.addEventListener("htmx:after:swap", (event) => {
      // where the answer itself says what it replaces, that is a selector: the message is written
      if (event.detail.ctx.target === "#write") document.querySelector("#write textarea").focus({ preventScroll: true });
      const now = lastSaid();
      if (!now || now.id === last) return;
      last = now.id;
      if (now.dataset.whose === "own") end();
      else more.hidden = atEnd();
    });
    talk.addEventListener("scroll", () => {
      if (atEnd()) more.hidden = true;
    });
    more.addEventListener("click", () => {
      end();
      talk.focus({ preventScroll: true });
    });
  }

  // ---- new content ----

  function ready(root) {
    for (const element of root.querySelectorAll("[data-needs-script]")) element.hidden = false;
    for (const area of root.querySelectorAll("textarea[data-counter]")) count(area);
  }
  // The page was brought up to date: what was done is said where one looks, and moves nothing.
  function sayInToast() {
    const notes = [...document.querySelectorAll('#main > .note[role="status"]')];
    if (!status || !notes.length) return;
    status.textContent = notes.map((note) => note.textContent).join(" ");
    for (const note of notes) note.remove();
  }
  document.addEventListener("htmx:after:swap", (event) => {
    const box = dialog();
    if (asksAlone(event.detail.ctx.sourceElement)) return ready(document); // nothing that anybody has asked for
    if (event.detail.ctx.target.id === "main") {
      sayInToast();
      closeDialog();
    } else if (box && box.firstElementChild) {
      listenFor(box.firstElementChild.dataset.closeOn);
      if (!box.open) openDialog(event.detail.ctx.sourceElement);
      else {
        if (event.detail.ctx.target === box && event.detail.ctx.response?.status < 400) arrived = filled();
        const stays = box.contains(document.activeElement) && !(event.detail.ctx.response?.status >= 400);
        (box.querySelector('[aria-invalid="true"]') ?? (stays ? null : box.querySelector("#dialog-title")))?.focus();
      }
    }
    ready(document);
  });
  ready(document);
})();
