/** Lets Vant follow the reader's colours, as the pages' own style does by `prefers-color-scheme`. */
export function followColours(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = (): void => {
    document.documentElement.classList.toggle("van-theme-dark", dark.matches);
  };
  dark.addEventListener("change", follow);
  follow();
}
