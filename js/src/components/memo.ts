/** Views that are drawn again only when they are given something else. */
import { Component, type ComponentChild, type ComponentClass, type ComponentType, h } from "preact";

/** The same view, left as it is while each of its properties is what it was. */
export function memo<P extends object>(View: ComponentType<P>): ComponentClass<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !same(this.props as Readonly<P>, next);
    }
    override render(): ComponentChild {
      return h(View, this.props as P);
    }
  };
}

function same<P extends object>(a: P, b: P): boolean {
  const names = Object.keys(b) as (keyof P)[];
  return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name]);
}
