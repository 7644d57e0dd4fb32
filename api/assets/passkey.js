// Asks the browser for a key and sends its answer as the form. Without it, or where the browser has none, the page says so.
const form = document.getElementById("passkey");
const button = form.querySelector("button");
const none = document.getElementById("passkey-none");
const failed = document.getElementById("passkey-failed");
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const listed = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function answer(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = listed(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    return {
      id: text(made.rawId),
      transports: made.response.getTransports?.() ?? [],
      attestationObject: text(made.response.attestationObject),
      clientDataJSON: text(made.response.clientDataJSON),
    };
  }
  options.allowCredentials = listed(options.allowCredentials);
  const found = await navigator.credentials.get({ publicKey: options });
  return {
    id: text(found.rawId),
    authenticatorData: text(found.response.authenticatorData),
    signature: text(found.response.signature),
    clientDataJSON: text(found.response.clientDataJSON),
    userHandle: found.response.userHandle ? text(found.response.userHandle) : null,
  };
}

if (window.PublicKeyCredential && navigator.credentials) {
  none.hidden = true;
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    failed.hidden = true;
    try {
      form.elements.answer.value = JSON.stringify(await answer(JSON.parse(form.dataset.options)));
      form.submit();
    } catch {
      // Refused, cancelled, too late, or not for this address: the browser told which.
      failed.hidden = false;
      button.disabled = false;
    }
  });
}
