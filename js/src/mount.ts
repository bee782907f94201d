/** Mount a panel: connect a session, paint its view, and repaint when the state has changed. */
import { render } from "preact";

interface Session {
  open(): void;
  close(): void;
}

interface View {
  paint(): void;
  close?(): void;
}

/** Return a function that unmounts, as anywidget expects it of `render`. */
export function mount<S extends Session>(
  el: HTMLElement,
  connect: (repaint: () => void) => S,
  makeView: (session: S, repaint: () => void) => View,
): () => void {
  let closed = false;
  let scheduled = false;
  const session = connect(repaint);
  const view = makeView(session, repaint);

  /** Repaint in a microtask: an answer may arrive while Preact still renders the previous state. */
  function repaint(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (!closed) view.paint();
    });
  }

  view.paint();
  session.open();
  return () => {
    closed = true;
    view.close?.();
    render(null, el);
    session.close();
  };
}
