/** What a till hears without looking: two rising tones for yes, a low one for no. */
let sounding: AudioContext | undefined;

export function signal(good: boolean): void {
  navigator.vibrate?.(good ? 120 : [80, 60, 80, 60, 160]);
  try {
    sounding ??= new AudioContext();
    const start = sounding.currentTime;
    for (const [pitch, at, length] of good ? [[880, 0, 0.12], [1320, 0.13, 0.18]] as const : [[220, 0, 0.35]] as const) {
      const tone = sounding.createOscillator();
      const volume = sounding.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.2, start + at);
      volume.gain.exponentialRampToValueAtTime(0.001, start + at + length);
      tone.connect(volume).connect(sounding.destination);
      tone.start(start + at);
      tone.stop(start + at + length);
    }
  } catch {
    // Without sound the screen says it all the same.
  }
}
