/** What `<div>` compiles to in the build: calls of `h` are a kilobyte shorter than the automatic form. */
export { Fragment, h } from "preact";
