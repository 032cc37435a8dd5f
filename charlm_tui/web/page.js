"use strict";
// Keys go to the studio from the start, and to the button when it has closed: nobody needs a mouse.
const focus = (what) => document.querySelector(what)?.focus();
window.addEventListener("load", () => focus(".xterm-helper-textarea"));
window.addEventListener("DOMContentLoaded", () => {
  const watch = new MutationObserver(() => {
    if (document.body.classList.contains("-closed")) focus("#start");
  });
  watch.observe(document.body, { attributes: true, attributeFilter: ["class"] });
});

// A page that is left can be kept for whoever goes back to it, with its socket: the studio is not.
const sockets = [];
const FULL = 1013; // close code when no place is free; event.reason is the sentence to show
window.WebSocket = class extends WebSocket {
  constructor(...from) {
    super(...from);
    sockets.push(this);
    this.addEventListener("close", (event) => {
      if (event.code === FULL) document.querySelector("#why").textContent = event.reason;
    });
  }
};
window.addEventListener("pagehide", () => sockets.forEach((each) => each.close()));
