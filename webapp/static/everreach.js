// What the pages do beyond htmx. Everything works without it.
"use strict";

const HIDDEN_POLL_MS = 30000;
const COPIED_MS = 1500;
const POLLING = '[hx-trigger^="every"]';

const byId = (id) => document.getElementById(id);
const source = (event) => event.detail.ctx.sourceElement;

document.documentElement.classList.add("js");

// Copy buttons.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("copied");
  const announcer = byId("announcer");
  announcer.textContent = announcer.dataset.copied;
  setTimeout(() => {
    button.classList.remove("copied");
    byId("announcer").textContent = "";
  }, COPIED_MS);
});

// Poll seldom while nobody looks, and at once when somebody does again.
let polledAt = 0;
document.addEventListener("htmx:before:request", (event) => {
  if (!source(event).matches(POLLING)) return;
  if (document.hidden && Date.now() - polledAt < HIDDEN_POLL_MS) {
    event.preventDefault();
    return;
  }
  polledAt = Date.now();
});
document.addEventListener("visibilitychange", () => {
  const polling = document.querySelector(POLLING);
  if (!document.hidden && polling) htmx.trigger(polling, "every");
});

// A form that lets go of the message in the address does so before it posts: the server
// goes by the Referer.
document.addEventListener("htmx:before:request", (event) => {
  const address = source(event).getAttribute("hx-replace-url");
  if (address) history.replaceState(history.state, "", address);
});

// Say so when the server does not answer.
const offline = (hidden) => () => {
  byId("offline").hidden = hidden;
};
document.addEventListener("htmx:error", offline(false));
document.addEventListener("htmx:response:error", offline(false));
document.addEventListener("htmx:after:request", offline(true));

// When a swap takes the focused element away, focus what is left around it.
let around = [];
document.addEventListener("htmx:before:swap", () => {
  around = [];
  for (let at = document.activeElement; at; at = at.parentElement) {
    if (at.id && at.hasAttribute("tabindex")) around.push(at.id);
  }
});
document.addEventListener("htmx:after:swap", () => {
  if (document.activeElement !== document.body) return;
  const left = around.map(byId).find(Boolean);
  if (left) left.focus({ preventScroll: true });
});
