"use strict";

const cards = [...document.querySelectorAll(".card")];
const byId = (id) => document.getElementById(id);

function say(words, isProblem = false) {
  byId("status").textContent = words;
  byId("status").classList.toggle("problem", isProblem);
}

// What the server answers; null, with the problem said, where it refuses or has ended.
async function post(path, body, headers = {}) {
  try {
    const response = await fetch(path, { method: "POST", body, headers });
    const content = await response.json();
    if (response.ok) return content;
    say(content.error, true);
  } catch {
    say("The server does not answer; run pawtrace review again.", true);
  }
  return null;
}

function show(card, decision) {
  card.dataset.decision = decision ?? "";
  for (const button of card.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.decision === decision));
  }
}

async function decide(card, decision) {
  const body = JSON.stringify({ card: Number(card.dataset.card), decision });
  const answer = await post("/decisions", body, { "Content-Type": "application/json" });
  if (answer === null) return;
  show(card, decision);
  const words = decision === null ? "decision taken back" : decision;
  say(`${card.getAttribute("aria-label")}: ${words}. ${answer.num_decisions} decisions in data/review.csv; make repro applies them.`);
}

function decisionOf(card, key) {
  const offered = [...card.querySelectorAll("button")].map((button) => button.dataset.decision);
  const wanted = { k: ["keep"], r: ["cat", "dog"], d: ["drop"] }[key];
  return offered.find((decision) => wanted?.includes(decision));
}

function move(card, steps) {
  const next = cards[cards.indexOf(card) + steps];
  if (next) next.focus();
}

function onKey(event) {
  const card = event.target.closest(".card");
  if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const key = event.key.toLowerCase();
  const decision = decisionOf(card, key);
  if (steps) move(card, steps);
  else if (key === "u") decide(card, null);
  else if (decision) decide(card, decision);
  else return;
  event.preventDefault();
}

async function ask(file) {
  say(`Asking the model about ${file.name} ...`);
  const answer = await post("/ask", file, { "X-File-Name": encodeURIComponent(file.name) });
  byId("answer").hidden = answer === null;
  if (answer === null) return;
  byId("said").textContent = `${file.name}: ${answer.label}, probability ${answer.probability.toFixed(4)}`;
  byId("seen").src = answer.picture;
  byId("looked").hidden = answer.attention === null;
  if (answer.attention !== null) byId("attention").src = answer.attention;
  byId("model").textContent = `answered by ${answer.model}`;
  say(`${file.name}: ${answer.label}.`);
}

for (const card of cards) {
  for (const button of card.querySelectorAll("button")) {
    // A second click on the same button takes the decision back.
    button.addEventListener("click", () => decide(card, card.dataset.decision === button.dataset.decision ? null : button.dataset.decision));
  }
}
document.addEventListener("keydown", onKey);
byId("photo").addEventListener("change", (event) => { if (event.target.files[0]) ask(event.target.files[0]); });
byId("drop").addEventListener("dragover", (event) => { event.preventDefault(); byId("drop").classList.add("over"); });
byId("drop").addEventListener("dragleave", () => byId("drop").classList.remove("over"));
byId("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  if (event.dataTransfer.files[0]) ask(event.dataTransfer.files[0]);
});
