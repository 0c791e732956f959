// What the page says to its server. Every failure becomes a Refusal with a sentence for people.

export class Refusal extends Error {}

const TRIES = 20; // a busy server is asked again, about once a second

const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function answered(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The server cannot be reached. Is it still running in the terminal?");
  }
}

async function sentence(response) {
  try {
    return (await response.json()).error || response.statusText;
  } catch {
    return `The server answered ${response.status}.`;
  }
}

/** Sends the bytes of a picture, and returns those of another; waits where the server is busy. */
export async function develop(path, query, picture, { signal, busy } = {}) {
  const address = `${path}?${new URLSearchParams(query)}`;
  for (let tries = 1; ; tries += 1) {
    const response = await answered(address, {
      method: "POST", body: picture, signal, headers: { "Content-Type": "application/octet-stream" },
    });
    if (response.ok) return response.blob();
    if (response.status !== 503 || tries === TRIES) throw new Refusal(await sentence(response));
    busy?.();
    await rest(1000 * (Number(response.headers.get("Retry-After")) || 1));
    signal?.throwIfAborted();
  }
}

export async function ask(path) {
  const response = await answered(path);
  if (!response.ok) throw new Refusal(await sentence(response));
  return response.json();
}
