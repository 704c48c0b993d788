/**
 * Text from the estate is never markup, and the browser holds us to it (`require-trusted-types-for 'script'`). The one
 * thing that may still be written as HTML is nothing at all: the chart library empties its element that way.
 */

interface TrustedTypes {
  createPolicy: (name: string, rules: { createHTML: (text: string) => string }) => unknown;
}

export function forbidMarkup(): void {
  const types = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
  types?.createPolicy("default", {
    createHTML: (text) => {
      if (text !== "") throw new TypeError("Markup is not written from text.");
      return "";
    },
  });
}
