/** Links within the application. */

import type { ComponentProps, ReactNode } from "react";
import { Link } from "wouter";

export function Go({ to, className, children, ...rest }: { to: string; className?: string; children: ReactNode } & Omit<ComponentProps<"a">, "href" | "className">) {
  return (
    <Link href={to} className={className} {...rest}>
      {children}
    </Link>
  );
}
