// Large files, fetched once with progress and kept in the browser for the next visit, also for one without a network.

import { Refusal } from "../refusal.js";

const CACHE = `large files of ${new URL("../../", import.meta.url).pathname}`; // a host may have other pages

/** The browser's cache; none where the page comes by plain HTTP from another machine, or storage is forbidden. */
async function open() {
  try {
    return await caches.open(CACHE);
  } catch {
    return null;
  }
}

/**
 * The bytes of a file whose name changes with its content.
 * @param {{address: string, bytes: number}} file
 * @param {(bytes: number, kept: boolean) => void} progress is called with how many bytes came since the last call, and
 *   whether they were kept here
 * @returns {Promise<Uint8Array>}
 */
export async function load({ address, bytes }, progress) {
  const cache = await open();
  // The other worker of the page may want the same file at the same time.
  const alone = (action) => (cache ? navigator.locks.request(`${CACHE} ${address}`, action) : action());
  return alone(async () => {
    const kept = await cache?.match(address);
    try {
      const data = await read(kept ?? await fetch(address), bytes, (length) => progress(length, Boolean(kept)));
      if (!kept) await cache?.put(address, new Response(data)).catch(() => {}); // no room: it is fetched again
      return data;
    } catch (error) {
      if (kept) await cache.delete(address);
      throw error instanceof Refusal ? error
        : new Refusal("The weights could not be loaded. Is there a network? Then reload the page.");
    }
  });
}

async function read(response, bytes, progress) {
  if (response.status === 404) { // its name changes with its content
    throw new Refusal("There is a new version of this page. Close all its tabs, and open it again.");
  }
  const data = new Uint8Array(bytes);
  let length = 0;
  if (response.ok) {
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (length + value.length <= bytes) data.set(value, length);
      length += value.length;
      progress(value.length);
    }
  }
  if (length !== bytes) throw new Refusal("The weights on this site are not complete. Reload the page.");
  return data;
}

/** Deletes what earlier versions of the page have kept. */
export async function forgetOthers(addresses) {
  const cache = await open();
  for (const { url } of await cache?.keys() ?? []) if (!addresses.includes(url)) await cache.delete(url);
}
