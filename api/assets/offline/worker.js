// Keeps the offline checker for the time without a network. The server puts the version and the list of files in.
const KEPT = "offline-checker-@VERSION@";
const FILES = @FILES@;
const KEYS = "/api/v1/keys";

/** The keys with the moment at which they came: a verdict says how old its keys are. */
async function dated(answer) {
  const headers = new Headers(answer.headers);
  headers.set("x-kept-at", new Date().toISOString());
  return new Response(await answer.blob(), { status: answer.status, headers });
}

/**
 * Keeps an answer that has come as a whole: one that breaks off fails here, and what was kept stays. Where there is no room
 * the answer is given all the same, and older keys than those that were seen are not kept.
 */
async function keep(request, answer) {
  const keys = new URL(request.url).pathname === KEYS;
  const { status, headers } = answer;
  const whole = keys ? await dated(answer) : new Response(await answer.blob(), { status, headers });
  let cache;
  try {
    cache = await caches.open(KEPT);
    await cache.put(request.url, whole);
  } catch {
    if (keys) await cache?.delete(request.url).catch(() => {});
  }
}

addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(KEPT);
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
    const answer = await fetch(KEYS, { cache: "no-store" });
    if (answer.ok) await cache.put(new URL(KEYS, location).href, await dated(answer));
    await skipWaiting();
  })());
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("offline-checker-") && name !== KEPT) await caches.delete(name);
    }
    await clients.claim();
  })());
});

/** The newest there is: from the network while it answers, else what was kept. */
async function newest(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout?.(4000) });
    if (answer.ok) {
      await keep(request, answer.clone());
      return answer;
    }
    throw new Error(String(answer.status));
  } catch {
    return (await caches.match(request.url)) ?? Response.error();
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname === KEYS || FILES.includes(pathname)) {
    const fixed = pathname.startsWith("/assets/");
    event.respondWith(fixed ? caches.match(request.url).then((kept) => kept ?? fetch(request)) : newest(request));
  }
});
