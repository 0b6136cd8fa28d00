"use strict";
// Follows what happens: the server sends parts of the page as it draws them, and
// only what differs is replaced, so that what is selected, focused or open stays.

const live = document.getElementById("live");
const liveText = document.getElementById("live-text");
const liveTime = document.getElementById("live-time");
const lost = document.getElementById("lost");
const icon = document.getElementById("icon");

// update makes a node like another, keeping it where it can.
function update(old, wanted) {
	if (old.nodeType !== wanted.nodeType || old.nodeName !== wanted.nodeName) {
		old.replaceWith(wanted.cloneNode(true));
		return;
	}
	if (old.nodeType !== Node.ELEMENT_NODE) {
		if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue;
		return;
	}
	for (const {name} of [...old.attributes]) {
		// Whether details are open is the reader's.
		if (!wanted.hasAttribute(name) && old.nodeName !== "DETAILS") old.removeAttribute(name);
	}
	for (const {name, value} of wanted.attributes) {
		if (old.getAttribute(name) !== value && old.nodeName !== "DETAILS") old.setAttribute(name, value);
	}
	updateChildren(old, wanted);
}

function updateChildren(old, wanted) {
	const have = [...old.childNodes];
	const want = [...wanted.childNodes];
	want.forEach((node, i) => have[i] ? update(have[i], node) : old.append(node.cloneNode(true)));
	have.slice(want.length).forEach(node => node.remove());
}

let heard = Date.now();

function show(news) {
	heard = Date.now();
	document.title = news.title;
	const href = "icon-" + news.level + ".svg";
	if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
	for (const [id, html] of Object.entries(news.parts)) {
		const template = document.createElement("template");
		template.innerHTML = html;
		const part = document.getElementById(id);
		if (part) updateChildren(part, template.content);
	}
	liveTime.dateTime = news.at;
	liveTime.textContent = news.at.slice(11, 19);
	liveText.textContent = "Live";
	live.classList.add("on");
	document.body.classList.remove("stale");
	lost.hidden = true;
}

// follow opens the stream, again and again: a browser gives up when it is
// refused.
function follow() {
	const source = new EventSource("events");
	source.onmessage = event => show(JSON.parse(event.data));
	source.onerror = () => {
		if (source.readyState === EventSource.CLOSED) setTimeout(follow, 10000);
	};
}

// A server that is gone does not say so.
const patience = 20000;

setInterval(() => {
	if (Date.now() - heard < patience) return;
	live.classList.remove("on");
	liveText.textContent = "As of";
	document.body.classList.add("stale");
	if (lost.hidden) {
		lost.textContent = "This server has not been heard since " + liveTime.textContent +
			". What is below is of then: look at its partner's page, too.";
		lost.hidden = false;
	}
}, 1000);

follow();

// Searching replaces the list only. Without this the form loads the page.
const found = document.getElementById("found");
const form = document.querySelector("form[role=search]");
if (found && form) {
	const input = form.elements.q;
	let asked = 0, timer = 0;

	async function look(query, push) {
		const mine = ++asked;
		const answer = await fetch("leases" + query).catch(() => null);
		if (mine !== asked || !answer || !answer.ok) return;
		const html = await answer.text();
		if (mine !== asked) return;
		found.innerHTML = html;
		if (push) history.pushState(null, "", query + "#leases");
	}
	const query = () => "?" + new URLSearchParams({q: input.value});

	form.addEventListener("submit", event => { event.preventDefault(); clearTimeout(timer); look(query(), true); });
	input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => look(query(), false), 300); });
	found.addEventListener("click", event => {
		const link = event.target.closest(".turn a");
		if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		look(new URL(link.href).search, true).then(() => document.getElementById("leases").focus());
	});
	addEventListener("popstate", () => {
		input.value = new URLSearchParams(location.search).get("q") || "";
		look(location.search, false);
	});
}
