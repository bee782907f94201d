/** A button as all of them are. */
import type { ComponentProps } from "preact";

type Props = Omit<ComponentProps<"button">, "type" | "class"> & {
  small?: boolean;
  look?: "primary" | "danger" | undefined;
};

export function Button({ small = false, look, ...rest }: Props) {
  const name = `qjm-button${small ? " qjm-button-small" : ""}${look ? ` qjm-button-${look}` : ""}`;
  return <button {...rest} type="button" class={name} />;
}
