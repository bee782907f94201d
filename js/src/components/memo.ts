/** Components that render again only when their props change. */
import { Component, type ComponentChild, type ComponentClass, type ComponentType, h } from "preact";

/** Memoize a component by shallow comparison of its props. */
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
