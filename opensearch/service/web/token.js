// The token is asked for once and kept by the browser as a cookie that no script can read.

import { post } from "./api.js";
import { $ } from "./elements.js";

let unlocking = null;

// Resolves once the right token was given, to all who wait for it.
export const unlocked = () => (unlocking ??= new Promise((resolve) => {
  $("locked").showModal();
  $("token-form").addEventListener("submit", async function give(event) {
    event.preventDefault();
    try {
      await post("/v1/session", { token: $("token").value });
    } catch (error) {
      $("token-wrong").textContent = error.message;
      return;
    }
    $("token-form").removeEventListener("submit", give);
    $("locked").close();
    unlocking = null;
    resolve();
  });
}));
