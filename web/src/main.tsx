import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/controls.css";
import "./style/list.css";
import "./style/content.css";
import "./style/print.css";

import { CSPProvider } from "@base-ui/react/csp-provider";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { ApiProvider, createQueryClient } from "./api/context";
import { App } from "./app/App";
import { forbidMarkup } from "./lib/markup";
import { NoticesProvider } from "./parts/Notices";

forbidMarkup();

const root = document.getElementById("root");
if (!root) throw new Error("The page has no #root element.");

createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <ApiProvider queries={createQueryClient()}>
        <NoticesProvider>
          <App />
        </NoticesProvider>
      </ApiProvider>
    </CSPProvider>
  </StrictMode>,
);
