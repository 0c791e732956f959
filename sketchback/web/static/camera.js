// Photographing a drawing on paper.

import { open } from "./input.js";
import { Refusal } from "./refusal.js";
import { act, element, enable } from "./ui.js";

let stream = null;

const note = (text) => { element("camera-note").textContent = text; }; // in the dialog: it covers what the page says

act("camera-button", async () => {
  const touch = matchMedia("(pointer: coarse)").matches; // phones have a camera program that is better than ours
  if (touch || !navigator.mediaDevices?.getUserMedia) return element("capture").click();
  enable("camera-button", false); // until it answers
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch (error) {
    throw new Refusal(error.name === "NotAllowedError"
      ? "The browser was not allowed to use the camera. Allow it in the address bar, or open a picture."
      : "No camera was found. Open a picture instead.");
  } finally {
    enable("camera-button", true);
  }
  element("video").srcObject = stream;
  element("camera").showModal();
  return element("video").play();
});
element("camera").addEventListener("close", () => {
  stream?.getTracks().forEach((track) => track.stop());
  element("video").srcObject = null;
  note("");
});
element("video").addEventListener("loadeddata", () => note(""));
act("shoot", async () => {
  const video = element("video");
  if (video.readyState < video.HAVE_CURRENT_DATA) return note("The camera is still starting; try again in a moment.");
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [video.videoWidth, video.videoHeight];
  copy.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => copy.toBlob(done, "image/jpeg", 0.95));
  element("camera").close();
  return open(new File([blob], "camera.jpg", { type: "image/jpeg" }));
});
