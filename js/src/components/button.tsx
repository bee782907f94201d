/** The panel's button. */
import type { ComponentProps } from "preact";

type Props = Omit<ComponentProps<"button">, "type" | "class"> & {
  small?: boolean;
  variant?: "primary" | "danger" | undefined;
};

export function Button({ small = false, variant, ...rest }: Props) {
  const name = `qjm-button${small ? " qjm-button-small" : ""}${variant ? ` qjm-button-${variant}` : ""}`;
  return <button {...rest} type="button" class={name} />;
}
