// 读给我听: the browser speaks the parts of the button, each in its language; a second press stops it. The button shows only where
// the browser can speak, and tells nothing that the page does not show.
const button = document.getElementById("read");
const still = button.textContent;
const voice = window.speechSynthesis;
// What is being said: an end that comes late from something stopped changes nothing.
let said = null;

function stop() {
  said = null;
  voice.cancel();
  button.textContent = still;
}

function start() {
  const words = JSON.parse(button.dataset.parts).map(([lang, text]) => {
    const one = new SpeechSynthesisUtterance(text);
    one.lang = lang;
    one.rate = 0.85;
    return one;
  });
  // A language without a voice leaves its part out; the rest is read.
  words.at(-1).onend = words.at(-1).onerror = () => { if (said === words) stop(); };
  voice.cancel();
  said = words;
  button.textContent = button.dataset.stop;
  for (const one of words) voice.speak(one);
}

if (voice && window.SpeechSynthesisUtterance) {
  button.hidden = false;
  button.addEventListener("click", () => (said ? stop() : start()));
  // What is spoken belongs to this page.
  window.addEventListener("pagehide", () => voice.cancel());
}
