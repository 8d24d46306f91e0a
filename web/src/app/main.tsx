// SPDX-License-Identifier: Apache-2.0
import "../ui/fonts.css";
import "../ui/theme.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { ActionProvider } from "./registry.js";
import { applyTheme, readSetting } from "./settings.js";

applyTheme(readSetting("theme"));
const root = document.getElementById("app");
if (root !== null) {
  createRoot(root).render(
    <ActionProvider>
      <App />
    </ActionProvider>,
  );
}
