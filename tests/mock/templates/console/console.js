// Loads the parts of a page again when the gateway says that something has changed that they show. Without this script, pages work by reloading.
"use strict";
(() => {
  const topics = document.body.dataset.topics.split(" ");
  const link = document.getElementById("link");
  let source = null;
  let isLoading = false;
  let isStale = false;

  function show(state) {
    link.hidden = false;
    link.dataset.state = state;
    link.textContent = link.dataset[state];
  }

  // Puts the parts of a fresh page in the place of those that differ. What somebody types into is left alone.
  function replace(fresh) {
    const blocks = document.querySelector(".blocks");
    const parts = [...fresh.querySelectorAll("section")];
    for (const old of blocks.querySelectorAll("section[data-live]")) {
      if (!parts.some((part) => part.id === old.id)) {
        old.remove();
      }
    }
    let before = null;
    for (const part of parts) {
      const old = document.getElementById(part.id);
      let now = old;
      if (!old || (old.dataset.live !== undefined && old.outerHTML !== part.outerHTML)) {
        now = document.importNode(part, true);
        if (old) {
          const known = new Set([...old.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key));
          for (const row of now.querySelectorAll("tr[data-key]")) {
            row.classList.toggle("new", !known.has(row.dataset.key));
          }
          old.replaceWith(now);
        } else if (before) {
          before.after(now);
        } else {
          blocks.prepend(now);
        }
      }
      before = now;
    }
  }

  async function refresh() {
    isStale = true;
    if (isLoading) {
      return;
    }
    isLoading = true;
    while (isStale) {
      isStale = false;
      try {
        const response = await fetch(location.href, { cache: "no-store" });
        if (response.ok) {
          replace(new DOMParser().parseFromString(await response.text(), "text/html"));
        }
      } catch {
        // The gateway is away: the stream says so, and comes back with it.
      }
    }
    isLoading = false;
  }

  function listen() {
    source = new EventSource("/console/events");
    // Whatever changed before the stream was there is loaded once.
    source.addEventListener("open", () => {
      show("on");
      refresh();
    });
    source.addEventListener("error", () => show("off"));
    source.addEventListener("change", (event) => {
      if (event.data.split(" ").some((topic) => topics.includes(topic))) {
        refresh();
      }
    });
  }

  // A browser has few connections to one server: a page that nobody sees needs none.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      listen();
    }
  });
  if (!document.hidden) {
    listen();
  }
})();
