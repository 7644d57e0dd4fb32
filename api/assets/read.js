// 读给我听: the browser speaks the words of the button, in the language of the page; a second press stops it. The button shows
// only where the browser can speak, and the page says nothing that the button alone would tell.
const button = document.getElementById("read");
const voice = window.speechSynthesis;

if (voice && window.SpeechSynthesisUtterance) {
  const still = button.textContent;
  const quiet = () => { button.textContent = still; };
  button.hidden = false;
  button.addEventListener("click", () => {
    if (button.textContent !== still) {
      voice.cancel();
      quiet();
      return;
    }
    const words = new SpeechSynthesisUtterance(button.dataset.words);
    words.lang = document.documentElement.lang;
    words.rate = 0.85;
    words.onend = quiet;
    words.onerror = quiet;
    button.textContent = button.dataset.stop;
    voice.cancel();
    voice.speak(words);
  });
  // What is spoken belongs to this page.
  window.addEventListener("pagehide", () => voice.cancel());
}
