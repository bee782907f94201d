/** A button as all of them are. */
import type { ComponentProps } from "preact";

type Props = Omit<ComponentProps<"button">, "type" | "class"> & {
  small?: boolean;
  danger?: boolean;
};

export function Button({ small = false, danger = false, ...rest }: Props) {
  const look = `qjm-button${small ? " qjm-button-small" : ""}${danger ? " qjm-button-danger" : ""}`;
  return <button {...rest} type="button" class={look} />;
}
