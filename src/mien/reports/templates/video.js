"use strict";

function clock(seconds) {
  const tenths = Math.round(seconds * 10), minutes = Math.floor(tenths / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

for (const section of document.querySelectorAll("section.video")) {
  const begin = Number(section.dataset.begin), end = Number(section.dataset.end);
  const offset = Number(section.dataset.offset), length = Math.max(end - begin, 1e-3);
  const video = section.querySelector("video");
  const people = [...section.querySelectorAll(".person")].map((person) => ({
    timeline: person.querySelector(".timeline"),
    head: person.querySelector(".head"),
    now: person.querySelector(".now"),
    parts: [...person.querySelectorAll("tr[data-from]")],
    pictures: [...person.querySelectorAll(".pictures .jump")],
  }));
  let time = begin, plays = Boolean(video);

  function show(seconds) {
    time = Math.min(Math.max(seconds, begin), end);
    for (const person of people) {
      const part = person.parts.find(
        (row) => Number(row.dataset.from) <= time + 1e-3 && time + 1e-3 < Number(row.dataset.to));
      const text = `${clock(time)} ${part ? part.dataset.label : ""}`.trim();
      person.head.style.left = `${(100 * (time - begin)) / length}%`;
      person.now.textContent = text;
      person.timeline.setAttribute("aria-valuenow", time.toFixed(3));
      person.timeline.setAttribute("aria-valuetext", text);
      for (const row of person.parts) row.classList.toggle("current", row === part);
      for (const picture of person.pictures) {
        picture.classList.toggle("current", Boolean(part) && picture.dataset.from === part.dataset.from);
      }
    }
  }

  function jump(seconds) {
    show(seconds);
    // a little later: browsers show the frame before if a time is rounded down
    if (plays) video.currentTime = Math.max(0, time - offset + 1e-3);
  }

  for (const { timeline } of people) {
    const place = (event) => {
      const box = timeline.getBoundingClientRect();
      jump(begin + (length * (event.clientX - box.left)) / box.width);
    };
    timeline.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      timeline.setPointerCapture(event.pointerId);
      place(event);
    });
    timeline.addEventListener("pointermove", (event) => {
      if (timeline.hasPointerCapture(event.pointerId)) place(event);
    });
    timeline.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const step = length / 100;
      const to = {
        ArrowRight: time + step, ArrowUp: time + step, ArrowLeft: time - step, ArrowDown: time - step,
        PageUp: time + 10 * step, PageDown: time - 10 * step, Home: begin, End: end,
      }[event.key];
      if (to !== undefined) jump(to);
      else if ((event.key === " " || event.key === "Enter") && plays) {
        if (video.paused) video.play().catch(() => {}); else video.pause();
      } else return;
      event.preventDefault();
    });
  }

  section.addEventListener("click", (event) => {
    const link = event.target.closest("a.jump");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    jump(Number(link.dataset.from));
  });

  if (video) {
    const fail = () => {
      plays = false;
      video.hidden = true;
      section.querySelector(".unplayable").hidden = false;
    };
    video.addEventListener("error", fail);
    // a browser that lacks the codec of the pictures may play the sound alone
    video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) fail(); });
    video.addEventListener("timeupdate", () => {
      if (!video.paused) show(video.currentTime + offset);
    });
    video.addEventListener("seeked", () => {
      if (Math.abs(video.currentTime + offset - time) > 0.05) show(video.currentTime + offset);
    });
    if (video.error) fail();
  }
  show(begin);
}
